// One library of godwit alone.
#include <string_view>

#include "godwit/base/arena.h"
#include "godwit/base/result.h"

namespace {
godwit::Result<int, std::string_view> half(int number) {
  if (number % 2 != 0) return godwit::Failure(std::string_view("odd"));
  return number / 2;
}
}  // namespace

int main() {
  godwit::Arena arena;
  int* kept = arena.create<int>(half(8).value());
  return *kept == 4 && half(7).error() == "odd" ? 0 : 1;
}

#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "godwit/base/assert.h"

namespace godwit {

// Wraps an error so that it converts to any Result with that error type: `return Failure(Error{...});`
template <typename E>
struct Failure {
  E error;
  explicit Failure(E e) : error(std::move(e)) {}
};
template <typename E>
Failure(E) -> Failure<E>;

// Either a value or an error of the layer's own type. Errors convert only at a layer's edge, by hand.
// Asking a failed Result for its value, or a good one for its error, is a programming mistake and asserts.
template <typename T, typename E>
class [[nodiscard]] Result {
 public:
  using value_type = T;
  using error_type = E;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}                        // NOLINT: implicit on purpose
  Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}     // NOLINT
  template <typename F, typename = std::enable_if_t<std::is_convertible_v<F, E> && !std::is_same_v<F, E>>>
  Result(Failure<F> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}     // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return GODWIT_ASSERT(ok()), *std::get_if<0>(&state_); }
  const T& value() const& { return GODWIT_ASSERT(ok()), *std::get_if<0>(&state_); }
  T&& value() && { return GODWIT_ASSERT(ok()), std::move(*std::get_if<0>(&state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T other) const& { return ok() ? value() : std::move(other); }

  E& error() & { return GODWIT_ASSERT(!ok()), *std::get_if<1>(&state_); }
  const E& error() const& { return GODWIT_ASSERT(!ok()), *std::get_if<1>(&state_); }
  E&& error() && { return GODWIT_ASSERT(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<T, E> state_;
};

// Success without a value: `return {};`
template <typename E>
class [[nodiscard]] Result<void, E> {
 public:
  using value_type = void;
  using error_type = E;

  Result() = default;
  Result(Failure<E> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT
  template <typename F, typename = std::enable_if_t<std::is_convertible_v<F, E> && !std::is_same_v<F, E>>>
  Result(Failure<F> failure) : state_(std::in_place_index<1>, std::move(failure.error)) {}  // NOLINT

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  E& error() & { return GODWIT_ASSERT(!ok()), *std::get_if<1>(&state_); }
  const E& error() const& { return GODWIT_ASSERT(!ok()), *std::get_if<1>(&state_); }
  E&& error() && { return GODWIT_ASSERT(!ok()), std::move(*std::get_if<1>(&state_)); }

 private:
  std::variant<std::monostate, E> state_;
};

}  // namespace godwit

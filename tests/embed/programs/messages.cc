// Generated messages, there and back.
#include <string>

#include "shop/order.pb.h"

int main() {
  shop::Order order;
  order.set_customer("Ada");
  shop::Item* item = order.add_items();
  item->set_name("tea");
  item->set_cents(350);

  shop::Order copy;
  if (!copy.ParseFromString(order.SerializeAsString())) return 1;
  return copy.customer() == "Ada" && copy.items_size() == 1 && copy.items(0).cents() == 350 ? 0 : 2;
}

# The programs of both projects, in the words of any user.
set(here ${CMAKE_CURRENT_LIST_DIR}/programs)

# One library alone.
add_executable(base_alone ${here}/base_alone.cc)
target_link_libraries(base_alone PRIVATE godwit::base)

# Messages without services.
add_executable(messages ${here}/messages.cc)
godwit_generate(messages PROTOS shop/order.proto shop/item.proto IMPORT_DIRS ${here})

# Everything, the generated code in a library of its own.
godwit_generate(shop_proto PROTOS shop/shop.proto shop/order.proto shop/item.proto IMPORT_DIRS ${here})
add_executable(service ${here}/service.cc)
target_link_libraries(service PRIVATE shop_proto godwit::godwit)

file(WRITE ${CMAKE_BINARY_DIR}/programs.txt "base_alone\nmessages\nservice\n")

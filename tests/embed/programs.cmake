# The programs of both projects, in the words of any user.
set(programs base_alone)
set(here ${CMAKE_CURRENT_LIST_DIR}/programs)

add_executable(base_alone ${here}/base_alone.cc)
target_link_libraries(base_alone PRIVATE godwit::base)

if(TARGET godwit::cli)
  list(APPEND programs messages)
  add_executable(messages ${here}/messages.cc)
  godwit_generate(messages PROTOS shop/order.proto shop/item.proto IMPORT_DIRS ${here})
endif()

list(JOIN programs "\n" programs)
file(WRITE ${CMAKE_BINARY_DIR}/programs.txt "${programs}\n")

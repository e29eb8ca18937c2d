#pragma once

#include <cstddef>
#include <memory>

#include "godwit/async/byte_stream.h"
#include "godwit/async/executor.h"

namespace godwit::testing {

struct MemoryPipeOptions {
  std::size_t read_size = 64 * 1024;  // the largest slice of one on_bytes(): 1 hands every byte over alone
  std::size_t buffer = 256 * 1024;    // bytes written and not yet read, in each direction; write() takes no more
  ByteStreamInfo first_info;          // what info() of each end tells; empty texts get "memory:first", "memory:second"
  ByteStreamInfo second_info;
};

// Two connected streams without delay or faults, on one executor of any kind. Destroying one end gives the other the
// bytes written so far and then on_end(); writing to a destroyed end gives on_error(). Both must be destroyed before
// the executor.
struct MemoryPipe {
  std::unique_ptr<ByteStream> first;
  std::unique_ptr<ByteStream> second;
};
MemoryPipe make_memory_pipe(Executor& executor, MemoryPipeOptions options = {});

}  // namespace godwit::testing

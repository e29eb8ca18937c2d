#include "godwit/net/loop_group.h"

#include <pthread.h>
#include <sched.h>

#include <string>
#include <utility>

#include "godwit/base/assert.h"

namespace godwit::net {
namespace {

std::vector<int> usable() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> processors;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) processors.push_back(i);
    }
  }
  return processors;
}

}  // namespace

std::size_t usable_processors() {
  const std::size_t count = usable().size();
  return count > 0 ? count : 1;
}

Result<std::unique_ptr<LoopGroup>, Error> LoopGroup::create(const Options& options) {
  std::unique_ptr<LoopGroup> group(new LoopGroup(options.pin));
  const std::size_t count = options.count > 0 ? options.count : usable_processors();
  for (std::size_t i = 0; i < count; ++i) {
    EventLoop::Options loop_options = options.loop;
    if (loop_options.seed != 0) loop_options.seed += i;
    auto loop = EventLoop::create(loop_options);
    if (!loop.ok()) return Failure(std::move(loop).error());
    group->pointers_.push_back(loop->get());
    group->loops_.push_back(std::move(*loop));
  }
  return group;
}

LoopGroup::~LoopGroup() { stop(); }

void LoopGroup::start() {
  GODWIT_ASSERT(threads_.empty() && "a group runs once at a time");
  const std::vector<int> processors = pin_ ? usable() : std::vector<int>();
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    threads_.emplace_back([loop = loops_[i].get()] { loop->run(); });
    const pthread_t thread = threads_.back().native_handle();
    pthread_setname_np(thread, ("godwit-loop-" + std::to_string(i)).substr(0, 15).c_str());
    if (processors.empty()) continue;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processors[i % processors.size()], &set);
    pthread_setaffinity_np(thread, sizeof set, &set);  // a wish: without it everything still works
  }
}

void LoopGroup::stop() {
  if (threads_.empty()) return;
  for (const auto& loop : loops_) {
    GODWIT_ASSERT(!loop->on_loop() && "a group is not stopped from its own threads");
    loop->stop();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace godwit::net

#include "godwit/async/worker_pool.h"

#include <pthread.h>

#include "godwit/base/assert.h"

namespace godwit {

WorkerPool::WorkerPool(Options options) : options_(std::move(options)) { GODWIT_ASSERT(options_.threads > 0); }

WorkerPool::~WorkerPool() { stop(); }

Result<void, Error> WorkerPool::submit(Work& work) {
  std::lock_guard lock(mutex_);
  if (stopped_) return Failure(Error("worker pool '" + options_.name + "' has stopped"));
  const bool full = threads_.size() >= options_.threads;
  // With a thread that is idle or can be started the work does not wait, so the limit does not count it.
  if (full && queued_ >= options_.queue_limit && queued_ >= idle_) {
    return Failure(Error("worker pool '" + options_.name + "' is busy: all " + std::to_string(options_.threads) +
                         " threads work and " + std::to_string(queued_) +
                         " more wait, the limit; raise queue_limit or threads"));
  }
  work.next_work = nullptr;
  (last_ ? last_->next_work : first_) = &work;
  last_ = &work;
  ++queued_;
  if (queued_ > idle_ && !full) {
    threads_.emplace_back([this] { work_loop(); });
    pthread_setname_np(threads_.back().native_handle(), options_.name.substr(0, 15).c_str());
  } else {
    changed_.notify_one();
  }
  return {};
}

void WorkerPool::work_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (first_) {
      Work* work = first_;
      first_ = work->next_work;
      if (!first_) last_ = nullptr;
      --queued_;
      lock.unlock();
      work->run();
      lock.lock();
    }
    if (stopped_) return;
    ++idle_;
    changed_.wait(lock);
    --idle_;
  }
}

void WorkerPool::stop() {
  std::vector<std::thread> threads;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (std::thread& thread : threads) {
    GODWIT_ASSERT(thread.get_id() != std::this_thread::get_id() && "a pool is not stopped from its own threads");
    thread.join();
  }
}

std::size_t WorkerPool::queued() const {
  std::lock_guard lock(mutex_);
  return queued_;
}

std::size_t WorkerPool::threads() const {
  std::lock_guard lock(mutex_);
  return threads_.size();
}

}  // namespace godwit

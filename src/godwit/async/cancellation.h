#pragma once

#include <utility>

#include "godwit/base/assert.h"

namespace godwit {

class CancellationToken;
class CancellationSource;

// Something that happens when a source is cancelled. Owned by its user, linked into the source's list while it is
// attached: then it must not move, and destroying it takes it out. For the source's thread only.
class CancellationCallback {
 public:
  CancellationCallback() = default;
  CancellationCallback(const CancellationCallback&) = delete;
  CancellationCallback& operator=(const CancellationCallback&) = delete;

  bool attached() const { return source_ != nullptr; }
  // Begins to listen. When the token is cancelled already, on_cancelled() is called at once, inside attach(). Must not be
  // attached yet. A token without a source is never cancelled: nothing happens.
  void attach(CancellationToken token);
  // Stops listening; on_cancelled() will not be called. No effect when not attached.
  void detach();

 protected:
  ~CancellationCallback() { detach(); }
  // Called once for each attach(). Not attached any more then; may be destroyed from inside.
  virtual void on_cancelled() = 0;

 private:
  friend class CancellationSource;
  CancellationSource* source_ = nullptr;
  CancellationCallback* previous_ = nullptr;
  CancellationCallback* next_ = nullptr;
};

// Says whether a CancellationSource was cancelled. A value of one pointer, valid as long as the source lives. The
// default token belongs to no source and is never cancelled.
class CancellationToken {
 public:
  CancellationToken() = default;
  bool is_cancelled() const;
  bool can_be_cancelled() const { return source_ != nullptr; }

 private:
  friend class CancellationSource;
  friend class CancellationCallback;
  explicit CancellationToken(CancellationSource* source) : source_(source) {}
  CancellationSource* source_ = nullptr;
};

// The end that cancels. Neither copies nor moves: tokens point to it. One thread; allocates nothing.
class CancellationSource {
 public:
  CancellationSource() = default;
  CancellationSource(const CancellationSource&) = delete;
  CancellationSource& operator=(const CancellationSource&) = delete;
  // Callbacks that are still attached are let go without a call.
  ~CancellationSource() {
    while (first_) unlink(*first_);
    if (destroyed_) *destroyed_ = true;
  }

  bool is_cancelled() const { return cancelled_; }
  CancellationToken token() { return CancellationToken(this); }

  // Calls every attached callback, in the order in which they were attached. The second call does nothing. A callback
  // may detach or destroy others, and may destroy the source.
  void cancel() {
    if (cancelled_) return;
    cancelled_ = true;
    bool destroyed = false;
    destroyed_ = &destroyed;
    while (!destroyed && first_) {
      CancellationCallback& callback = *first_;
      unlink(callback);
      callback.on_cancelled();
    }
    if (!destroyed) destroyed_ = nullptr;
  }

 private:
  friend class CancellationCallback;
  void link(CancellationCallback& callback) {
    callback.source_ = this;
    callback.previous_ = last_;
    callback.next_ = nullptr;
    (last_ ? last_->next_ : first_) = &callback;
    last_ = &callback;
  }
  void unlink(CancellationCallback& callback) {
    (callback.previous_ ? callback.previous_->next_ : first_) = callback.next_;
    (callback.next_ ? callback.next_->previous_ : last_) = callback.previous_;
    callback.source_ = nullptr;
    callback.previous_ = callback.next_ = nullptr;
  }

  CancellationCallback* first_ = nullptr;
  CancellationCallback* last_ = nullptr;
  bool* destroyed_ = nullptr;  // set while cancel() runs
  bool cancelled_ = false;
};

inline bool CancellationToken::is_cancelled() const { return source_ && source_->is_cancelled(); }

inline void CancellationCallback::attach(CancellationToken token) {
  GODWIT_ASSERT(!attached());
  if (!token.source_) return;
  if (token.source_->is_cancelled()) return on_cancelled();
  token.source_->link(*this);
}

inline void CancellationCallback::detach() {
  if (source_) source_->unlink(*this);
}

// A CancellationCallback from a callable: `OnCancelled stop(token, [&] { ... });`
template <typename F>
class OnCancelled final : public CancellationCallback {
 public:
  OnCancelled(CancellationToken token, F function) : function_(std::move(function)) { attach(token); }

 private:
  void on_cancelled() override { function_(); }
  F function_;
};

}  // namespace godwit

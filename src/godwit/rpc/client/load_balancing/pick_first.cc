#include "godwit/rpc/client/load_balancing/pick_first.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "godwit/rpc/client/text.h"

namespace godwit::rpc {
namespace {

class ReadyPicker final : public Picker {
 public:
  explicit ReadyPicker(std::shared_ptr<Subchannel> chosen) : chosen_(std::move(chosen)) {}
  PickResult pick(const PickArguments&) override { return PickResult::subchannel(*chosen_); }

 private:
  std::shared_ptr<Subchannel> chosen_;
};

// Says with each failed call when the next attempt will be.
class FailedPicker final : public Picker {
 public:
  FailedPicker(Executor& executor, Status status, TimePoint next_attempt)
      : executor_(executor), status_(std::move(status)), next_attempt_(next_attempt) {}
  PickResult pick(const PickArguments&) override {
    if (next_attempt_ <= executor_.now() || next_attempt_ == kNever) return PickResult::fail(status_);
    return PickResult::fail(Status(
        status_.code(), status_.message() + "; next try in " + text_of_duration(next_attempt_ - executor_.now())));
  }

 private:
  Executor& executor_;
  Status status_;
  TimePoint next_attempt_;
};

struct Address {
  SocketAddress address;
  Attributes attributes;
  bool operator==(const Address&) const = default;
};

// States: idle (nothing runs), a first pass through the list (one attempt after the other), all failed (each address is
// tried again when its pause is over), ready (one subchannel, the others are let go).
class PickFirst final : public LoadBalancingPolicy {
 public:
  PickFirst(LoadBalancingHost& host, bool shuffle) : host_(host), shuffle_(shuffle) {}

  void update(std::vector<Endpoint> endpoints) override {
    if (shuffle_) {
      for (std::size_t i = endpoints.size(); i > 1; --i) {
        std::swap(endpoints[i - 1], endpoints[host_.executor().random().below(i)]);
      }
    }
    addresses_.clear();
    for (Endpoint& endpoint : endpoints) {
      for (SocketAddress& address : endpoint.addresses) {
        Address one{std::move(address), endpoint.attributes};
        if (std::find(addresses_.begin(), addresses_.end(), one) == addresses_.end())
          addresses_.push_back(std::move(one));
      }
    }
    if (addresses_.empty()) {
      selected_.reset();
      entries_.clear();
      phase_ = Phase::kAllFailed;
      const Status status(StatusCode::kUnavailable, "no addresses were found for " + std::string(host_.target()));
      return host_.update_state(ConnectivityState::kTransientFailure, status, make_fail_picker(status));
    }
    switch (phase_) {
      case Phase::kReady: {
        const Address current{selected_->subchannel->address(), selected_->subchannel->attributes()};
        if (std::find(addresses_.begin(), addresses_.end(), current) != addresses_.end()) return publish_ready();
        selected_.reset();
        return start_pass();
      }
      case Phase::kIdle:
        if (started_) return publish_idle();
        return start_pass();
      case Phase::kFirstPass:
      case Phase::kAllFailed:
        return start_pass();
    }
  }

  void resolver_error(const Status& status) override {
    if (!addresses_.empty()) return;
    started_ = true;
    phase_ = Phase::kAllFailed;
    host_.update_state(ConnectivityState::kTransientFailure, status, make_fail_picker(status));
  }
  void exit_idle() override {
    if (phase_ == Phase::kIdle && !addresses_.empty()) start_pass();
  }
  void reset_backoff() override {
    // An entry may change the list when its subchannel answers at once.
    std::vector<std::shared_ptr<Subchannel>> all;
    for (const auto& entry : entries_) all.push_back(entry->subchannel);
    for (const auto& subchannel : all) subchannel->reset_backoff();
  }

 private:
  enum class Phase { kIdle, kFirstPass, kAllFailed, kReady };

  struct Entry final : SubchannelWatcher {
    Entry(PickFirst& policy, std::shared_ptr<Subchannel> made) : owner(policy), subchannel(std::move(made)) {
      subchannel->watch(this);
    }
    ~Entry() { subchannel->watch(nullptr); }
    void on_subchannel_state(ConnectivityState state, const Status& status) override {
      owner.on_state(*this, state, status);
    }
    PickFirst& owner;
    std::shared_ptr<Subchannel> subchannel;
    bool failed = false;  // in this pass
  };

  // Begins at the head of the list. Keeps the subchannels of addresses that stay, with their pauses. TRANSIENT_FAILURE
  // stays what the channel sees until something is READY.
  void start_pass() {
    started_ = true;
    std::vector<std::unique_ptr<Entry>> old = std::move(entries_);
    entries_.clear();
    for (const Address& address : addresses_) {
      auto same = std::find_if(old.begin(), old.end(), [&](const auto& entry) {
        return entry && entry->subchannel->address() == address.address &&
               entry->subchannel->attributes() == address.attributes;
      });
      if (same != old.end()) {
        (*same)->failed = false;
        entries_.push_back(std::move(*same));
      } else {
        entries_.push_back(std::make_unique<Entry>(*this, host_.make_subchannel(address.address, address.attributes)));
      }
    }
    old.clear();
    sticky_ = phase_ == Phase::kAllFailed || (phase_ == Phase::kFirstPass && sticky_);
    phase_ = Phase::kFirstPass;
    current_ = 0;
    failures_ = 0;
    if (!sticky_) host_.update_state(ConnectivityState::kConnecting, Status(), make_queue_picker());
    advance();
  }

  // Looks for the next address of the pass that can be tried.
  void advance() {
    while (phase_ == Phase::kFirstPass && current_ < entries_.size()) {
      Entry& entry = *entries_[current_];
      switch (entry.subchannel->state()) {
        case ConnectivityState::kReady:
          return choose(entry);
        case ConnectivityState::kConnecting:
          return;
        case ConnectivityState::kIdle: {
          const std::size_t at = current_;
          entry.subchannel->connect();
          if (phase_ != Phase::kFirstPass || current_ != at) return;
          if (entry.subchannel->state() == ConnectivityState::kConnecting) return;
          if (entry.subchannel->state() == ConnectivityState::kReady) return choose(entry);
          break;
        }
        default:
          break;
      }
      entry.failed = true;
      ++current_;
    }
    if (phase_ == Phase::kFirstPass) pass_failed();
  }

  void pass_failed() {
    phase_ = Phase::kAllFailed;
    failures_ = 0;
    publish_failed();
    host_.request_resolution();
    // Those whose pause ended while others were tried.
    for (std::size_t i = 0; i < entries_.size() && phase_ == Phase::kAllFailed; ++i) {
      if (entries_[i]->subchannel->state() == ConnectivityState::kIdle) entries_[i]->subchannel->connect();
    }
  }

  void on_state(Entry& entry, ConnectivityState state, const Status& status) {
    if (state == ConnectivityState::kTransientFailure) last_error_ = status;
    switch (phase_) {
      case Phase::kIdle:
        return;
      case Phase::kReady:
        if (selected_.get() != &entry || state == ConnectivityState::kReady) return;
        // Lost: wait for a call before connecting again.
        entries_.clear();
        phase_ = Phase::kIdle;
        retire(std::move(selected_));
        publish_idle();
        return host_.request_resolution();
      case Phase::kFirstPass:
        if (state == ConnectivityState::kReady) return choose(entry);
        if (state == ConnectivityState::kTransientFailure && entries_[current_].get() == &entry) {
          entry.failed = true;
          ++current_;
          advance();
        }
        return;
      case Phase::kAllFailed:
        if (state == ConnectivityState::kReady) return choose(entry);
        if (state == ConnectivityState::kIdle) return entry.subchannel->connect();
        if (state == ConnectivityState::kTransientFailure) {
          publish_failed();
          if (++failures_ >= entries_.size()) {
            failures_ = 0;
            host_.request_resolution();
          }
        }
        return;
    }
  }

  void choose(Entry& entry) {
    for (auto& one : entries_) {
      if (one.get() == &entry) {
        selected_ = std::move(one);
        break;
      }
    }
    entries_.clear();
    phase_ = Phase::kReady;
    publish_ready();
  }

  // The entry's own event may be running: its object goes at the next change.
  void retire(std::unique_ptr<Entry> entry) {
    entry->subchannel->watch(nullptr);
    retired_ = std::move(entry);
  }

  void publish_ready() {
    host_.update_state(ConnectivityState::kReady, Status(), std::make_shared<ReadyPicker>(selected_->subchannel));
  }
  void publish_idle() { host_.update_state(ConnectivityState::kIdle, Status(), make_queue_picker()); }
  void publish_failed() {
    TimePoint next = kNever;
    for (const auto& entry : entries_) {
      if (entry->subchannel->state() == ConnectivityState::kTransientFailure) {
        next = std::min(next, entry->subchannel->next_attempt());
      }
    }
    const std::size_t n = entries_.size();
    std::string text = last_error_.message() + "; ";
    text += n == 1 ? "the only address of " : "all " + std::to_string(n) + " addresses of ";
    text += host_.target();
    text += " failed";
    const Status status(StatusCode::kUnavailable, std::move(text));
    host_.update_state(ConnectivityState::kTransientFailure, status,
                       std::make_shared<FailedPicker>(host_.executor(), status, next));
  }

  LoadBalancingHost& host_;
  bool shuffle_;
  bool started_ = false;
  bool sticky_ = false;  // in a first pass: the channel sees TRANSIENT_FAILURE all the same
  Phase phase_ = Phase::kIdle;
  std::vector<Address> addresses_;
  std::vector<std::unique_ptr<Entry>> entries_;  // in the order of addresses_; empty when ready or idle
  std::unique_ptr<Entry> selected_;
  std::unique_ptr<Entry> retired_;
  std::size_t current_ = 0;   // in the first pass
  std::size_t failures_ = 0;  // since all had failed
  Status last_error_;
};

class PickFirstFactory final : public LoadBalancingPolicyFactory {
 public:
  std::string_view name() const override { return "pick_first"; }
  Result<std::unique_ptr<LoadBalancingPolicy>, Error> make(LoadBalancingHost& host,
                                                           const LoadBalancingConfig& config) const override {
    bool shuffle = false;
    for (const auto& [key, value] : config) {
      if (key != "shuffle") return Failure(Error("pick_first has no option '" + key + "'; it knows 'shuffle'"));
      if (value != "true" && value != "false") {
        return Failure(Error("pick_first: 'shuffle' is '" + value + "'; write true or false"));
      }
      shuffle = value == "true";
    }
    return make_pick_first(host, shuffle);
  }
};

}  // namespace

std::unique_ptr<LoadBalancingPolicy> make_pick_first(LoadBalancingHost& host, bool shuffle) {
  return std::make_unique<PickFirst>(host, shuffle);
}
std::shared_ptr<const LoadBalancingPolicyFactory> make_pick_first_factory() {
  return std::make_shared<PickFirstFactory>();
}

}  // namespace godwit::rpc

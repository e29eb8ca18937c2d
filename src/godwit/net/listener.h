#pragma once

#include <memory>
#include <span>
#include <vector>

#include "godwit/async/byte_stream.h"
#include "godwit/net/event_loop.h"

namespace godwit::net {

struct ListenOptions {
  int backlog = 4096;      // connections that wait to be accepted; the kernel's somaxconn may be lower
  bool ipv6_only = false;  // otherwise [::] takes IPv4 connections too
  unsigned unix_mode = 0;  // permissions of a Unix socket's file, as for chmod; 0 leaves what the umask gives
  // TCP: other sockets of this user that say the same may listen on the port too, in this process or another; the
  // kernel spreads connections over them (SO_REUSEPORT).
  bool share_port = false;
};

// Listens for TCP or Unix connections on one loop; accepted streams belong to it. Port 0 takes a free one: see
// Listener::address(). Connections wait in the kernel until Listener::start(), which, like everything after it, is for
// the loop's thread. A Unix socket's file is made, a stale one (nobody listens any more) replaced, and it is removed
// with the listener. Errors name the address, the reason and, for a taken port, who holds it, where the system tells.
// When the process runs out of descriptors the listener reports it and rests for 0.1 s.
Result<std::unique_ptr<Listener>, Error> listen(EventLoop& loop, const SocketAddress& address,
                                                const ListenOptions& options = {});

// The same address on several loops, one listener each, in their order. TCP: the kernel spreads connections
// (SO_REUSEPORT); a port that somebody else holds is still an error, unless `share_port`. Unix: whichever loop is awake
// first takes the connection.
Result<std::vector<std::unique_ptr<Listener>>, Error> listen_on_all(std::span<EventLoop* const> loops,
                                                                    const SocketAddress& address,
                                                                    const ListenOptions& options = {});

}  // namespace godwit::net

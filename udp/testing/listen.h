// SPDX-License-Identifier: Apache-2.0
//
// File: listen.h
//
// `Listen` has a function run whenever an engine socket is ready: for tests of engines.
//
//   Listen(*socket, [&] { ++ready; });

#ifndef POLLUX_UDP_TESTING_LISTEN_H_
#define POLLUX_UDP_TESTING_LISTEN_H_

#include <memory>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "udp/socket_engine.h"

namespace pollux::testing {

// `callback` takes the place of the one there was; an empty one takes it away. It may destroy the
// socket, or replace itself: so nobody calls `EngineSocket::Told` when it has returned. What it
// holds lives as long as the thread.
inline void Listen(EngineSocket& socket, absl::AnyInvocable<void()> callback) {
  struct Listener final : ReadyListener {
    explicit Listener(absl::AnyInvocable<void()> run) : callback(std::move(run)) {}
    void OnReady() override { callback(); }

    absl::AnyInvocable<void()> callback;
  };
  thread_local std::vector<std::unique_ptr<Listener>> listeners;
  if (!callback) return socket.SetListener(nullptr);
  listeners.push_back(std::make_unique<Listener>(std::move(callback)));
  socket.SetListener(listeners.back().get());
}

}  // namespace pollux::testing

#endif  // POLLUX_UDP_TESTING_LISTEN_H_

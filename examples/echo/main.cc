// SPDX-License-Identifier: Apache-2.0
//
// Sends datagrams back, with a thread, an engine and a socket for each worker.

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "examples/common/command_line.h"
#include "examples/common/stop_on_signal.h"
#include "examples/echo/echo_server.h"
#include "platform/native_engine.h"

ABSL_FLAG(int, port, 7777, "the port to listen on; 0: one that is free");
ABSL_FLAG(int, workers, 1, "how many threads share the port, 1 to 256: one for each processor");
ABSL_FLAG(absl::Duration, spin, absl::ZeroDuration(),
          "how long a worker looks out for datagrams before it sleeps");

namespace pollux::examples {
namespace {

constexpr int kWorkersMax = 256;

struct Worker {
  std::unique_ptr<SocketEngine> engine;
  std::unique_ptr<EchoServer> server;
};

absl::StatusOr<Worker> NewWorker(const Endpoint& local, bool one_of_many) {
  Worker worker;
  absl::StatusOr<std::unique_ptr<SocketEngine>> engine =
      NewNativeEngine({.spin = absl::GetFlag(FLAGS_spin)});
  if (!engine.ok()) return engine.status();
  worker.engine = *std::move(engine);
  worker.server = std::make_unique<EchoServer>(
      *worker.engine, EchoServer::Options{.local = local, .one_of_many = one_of_many});
  if (absl::Status s = worker.server->Start(); !s.ok()) return s;
  return worker;
}

// All on one port. Whoever shares ports would also share that of another echo program: so the port
// is first bound for itself alone.
absl::StatusOr<std::vector<Worker>> NewWorkers(uint16_t port, int count) {
  Endpoint local(IpAddress::AnyIpv4(), port);
  {
    const absl::StatusOr<Worker> alone = NewWorker(local, false);
    if (!alone.ok()) return alone.status();
    local = alone->server->endpoint();
  }
  std::vector<Worker> workers;
  for (int i = 0; i < count; ++i) {
    absl::StatusOr<Worker> worker = NewWorker(local, count > 1);
    if (!worker.ok()) return worker.status();
    workers.push_back(*std::move(worker));
  }
  return workers;
}

int Run(uint16_t port, int count) {
  absl::StatusOr<std::vector<Worker>> workers = NewWorkers(port, count);
  if (!workers.ok()) return FailedToBind(workers.status(), port);
  EventLoop& first = workers->front().engine->loop();
  StopOnSignal signals(first);
  std::cout << "echoing on " << workers->front().server->endpoint() << " with " << count
            << (count == 1 ? " worker" : " workers") << std::endl;
  std::vector<std::thread> threads;
  for (int i = 1; i < count; ++i) {
    threads.emplace_back([&loop = (*workers)[i].engine->loop()] { loop.Run(); });
  }
  first.Run();
  for (int i = 1; i < count; ++i) (*workers)[i].engine->loop().Stop();
  for (std::thread& thread : threads) thread.join();
  uint64_t received = 0, answered = 0;
  for (const Worker& worker : *workers) {
    received += worker.server->received();
    answered += worker.server->answered();
  }
  std::cout << "stopped; " << received << " received, " << answered << " answered" << std::endl;
  return 0;
}

int Main(int argc, char** argv) {
  if (const std::optional<int> exit_code =
          ParseCommandLine(argc, argv, "Sends datagrams back to where they came from.")) {
    return *exit_code;
  }
  const absl::StatusOr<uint16_t> port = PortFromFlag(absl::GetFlag(FLAGS_port), 0);
  if (!port.ok()) return UsageError(port.status());
  const int workers = absl::GetFlag(FLAGS_workers);
  if (workers < 1 || workers > kWorkersMax) {
    return UsageError(absl::InvalidArgumentError(
        absl::StrCat("--workers=", workers, ": it has to be from 1 to ", kWorkersMax)));
  }
  if (absl::GetFlag(FLAGS_spin) < absl::ZeroDuration()) {
    return UsageError(absl::InvalidArgumentError(absl::StrCat(
        "--spin=", absl::FormatDuration(absl::GetFlag(FLAGS_spin)), ": it has to be 0 or more")));
  }
  return Run(*port, workers);
}

}  // namespace
}  // namespace pollux::examples

int main(int argc, char** argv) { return pollux::examples::Main(argc, argv); }

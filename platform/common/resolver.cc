// SPDX-License-Identifier: Apache-2.0

#include "platform/common/resolver.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "udp/event_loop.h"
#include "udp/internal/answer_at_once.h"

namespace pollux::internal {

struct Resolver::Shared {
  struct Request {
    uint64_t id;
    std::string name;
  };

  explicit Shared(std::shared_ptr<NameService> service) : names(std::move(service)) {}

  const std::shared_ptr<NameService> names;
  std::mutex mutex;  // Guards what follows.
  std::condition_variable changed;
  std::deque<Request> requests;
  Resolver* owner = nullptr;  // Null once the resolver is gone.
};

Resolver::Resolver(SocketEngine& engine, std::shared_ptr<NameService> names)
    : engine_(engine), shared_(std::make_shared<Shared>(std::move(names))) {
  shared_->owner = this;
}

Resolver::~Resolver() {
  std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->owner = nullptr;
  shared_->changed.notify_all();
}

void Resolver::Resolve(absl::string_view name, SocketEngine::ResolveCallback callback) {
  const uint64_t id = next_id_++;
  waiting_.emplace(id, std::move(callback));
  if (auto answer = AnswerAtOnce(engine_, name)) {
    PostResult(id, *std::move(answer));
    return;
  }
  if (absl::Status status = StartOnce(); !status.ok()) {
    PostResult(id, std::move(status));
    return;
  }
  std::lock_guard<std::mutex> lock(shared_->mutex);
  shared_->requests.push_back({id, std::string(name)});
  shared_->changed.notify_all();
}

absl::Status Resolver::StartOnce() {
  if (started_) return absl::OkStatus();
  absl::Status status = shared_->names->StartThread([shared = shared_] { Work(shared); });
  started_ = status.ok();
  return status;
}

void Resolver::Work(const std::shared_ptr<Shared>& shared) {
  std::unique_lock<std::mutex> lock(shared->mutex);
  while (true) {
    shared->changed.wait(lock,
                         [&] { return shared->owner == nullptr || !shared->requests.empty(); });
    if (shared->owner == nullptr) return;
    const Shared::Request request = std::move(shared->requests.front());
    shared->requests.pop_front();
    lock.unlock();
    absl::StatusOr<std::vector<IpAddress>> result = shared->names->Lookup(request.name);
    lock.lock();
    if (shared->owner != nullptr) shared->owner->PostResult(request.id, std::move(result));
  }
}

void Resolver::PostResult(uint64_t id, absl::StatusOr<std::vector<IpAddress>> result) {
  // The loop does not run tasks any more when this object is gone.
  engine_.loop().Post(
      [this, id, result = std::move(result)]() mutable { Finish(id, std::move(result)); });
}

void Resolver::Finish(uint64_t id, absl::StatusOr<std::vector<IpAddress>> result) {
  const auto found = waiting_.find(id);
  SocketEngine::ResolveCallback callback = std::move(found->second);
  waiting_.erase(found);
  callback(std::move(result));
}

}  // namespace pollux::internal

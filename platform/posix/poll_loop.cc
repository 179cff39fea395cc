// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/poll_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <utility>

#include "platform/posix/socket_ref.h"
#include "udp/internal/check.h"

namespace pollux::posix {
namespace {

// How long it may take until it is noticed that somebody else has read from a socket.
constexpr absl::Duration kLookAtSharedEvery = absl::Milliseconds(10);

}  // namespace

absl::StatusOr<std::unique_ptr<PollLoop>> PollLoop::Create(std::shared_ptr<SystemCalls> calls) {
  std::unique_ptr<PollLoop> loop(new PollLoop(std::move(calls)));
  if (absl::Status status = loop->Open(); !status.ok()) return status;
  return loop;
}

absl::Status PollLoop::Open() {
  int ends[2] = {-1, -1};
  const int made = calls().Pipe(ends);
  if (made < 0) return StatusOf(made, "create an event loop's wake-up");
  read_end_ = ends[0];
  write_end_ = ends[1];
  for (const int end : ends) {
    const int result = calls().SetNonBlocking(end);
    if (result < 0) return StatusOf(result, "create an event loop's wake-up");
  }
  entries_.push_back({read_end_, POLLIN, 0});
  owners_.push_back(nullptr);
  return absl::OkStatus();
}

PollLoop::~PollLoop() {
  DropTasks();
  for (const int fd : {read_end_, write_end_}) {
    if (fd >= 0) calls().Close(fd);
  }
}

int PollLoop::Watch(int fd, Watched& watched) {
  if (watched.fd_ >= 0) return 0;
  watched.fd_ = fd;
  watched.armed_ = true;
  watched.place_ = entries_.size();
  entries_.push_back({fd, POLLIN, 0});
  owners_.push_back(&watched);
  if (watched.shared_) ++shared_;
  return 0;
}

void PollLoop::Unwatch(Watched& watched) {
  Forget(watched);
  if (watched.fd_ < 0) return;
  if (watched.shared_) --shared_;
  // The last one takes its place.
  const size_t place = watched.place_;
  entries_[place] = entries_.back();
  owners_[place] = owners_.back();
  owners_[place]->place_ = place;
  entries_.pop_back();
  owners_.pop_back();
  watched.fd_ = -1;
}

void PollLoop::Arm(Watched& watched) {
  if (watched.fd_ < 0) return;
  watched.armed_ = true;
  entries_[watched.place_].fd = watched.fd_;
}

void PollLoop::Share(Watched& watched) {
  if (watched.shared_) return;
  watched.shared_ = true;
  if (watched.fd_ >= 0) ++shared_;
}

bool PollLoop::ArmEmptied() {
  if (shared_ == 0) return false;
  bool any_left = false;
  for (Watched* const watched : owners_) {
    if (watched == nullptr || !watched->shared_ || watched->armed_) continue;
    pollfd entry = {watched->fd_, POLLIN, 0};
    if (calls().Poll(&entry, 1, 0) == 0) {
      Arm(*watched);
    } else {
      any_left = true;
    }
  }
  return any_left;
}

void PollLoop::Wait(absl::Duration timeout) {
  if (ArmEmptied()) timeout = std::min(timeout, kLookAtSharedEvery);
  int milliseconds = -1;
  if (timeout != absl::InfiniteDuration()) {
    // Rounded up: waking early would spin until the time has come.
    const int64_t whole = absl::ToInt64Milliseconds(absl::Ceil(timeout, absl::Milliseconds(1)));
    milliseconds = static_cast<int>(std::min<int64_t>(whole, INT_MAX));
  }
  const int count = calls().Poll(entries_.data(), entries_.size(), milliseconds);
  POLLUX_CHECK(count >= 0 || count == -EINTR || count == -EAGAIN, "poll failed");
  if (count <= 0) return;
  if (entries_[0].revents != 0) DrainPipe();
  for (size_t i = 1; i < entries_.size(); ++i) {
    if (entries_[i].revents == 0) continue;
    POLLUX_CHECK((entries_[i].revents & POLLNVAL) == 0,
                 "the program closed a descriptor that is a socket's");
    owners_[i]->armed_ = false;
    owners_[i]->maybe_ended_ = (entries_[i].revents & (POLLERR | POLLHUP)) != 0;
    entries_[i].fd = -1;
    MarkReady(*owners_[i]);
  }
}

void PollLoop::DrainPipe() {
  std::array<char, 64> bytes;
  while (calls().Read(read_end_, bytes.data(), bytes.size()) > 0) {
  }
}

void PollLoop::Wake() {
  const char byte = 0;
  // A full pipe wakes as well.
  while (calls().Write(write_end_, &byte, 1) == -EINTR) {
  }
}

}  // namespace pollux::posix

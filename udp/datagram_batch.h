// SPDX-License-Identifier: Apache-2.0
//
// File: datagram_batch.h
//
// `DatagramBatch` is memory for many received datagrams, used again for each call. It is large
// enough for whatever a platform hands out at once, a run of datagrams from one sender included
// (UDP_GRO on Linux), and walks through them without copying:
//
//   DatagramBatch batch;
//   socket.OnReadyRead([&] {
//     const absl::StatusOr<size_t> count = socket.ReceiveBatch(batch);
//     if (!count.ok()) ...
//     for (const DatagramView& datagram : batch) Process(datagram.payload, datagram.info);
//   });

#ifndef POLLUX_UDP_DATAGRAM_BATCH_H_
#define POLLUX_UDP_DATAGRAM_BATCH_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "udp/datagram.h"

namespace pollux {

// A datagram in a batch: valid until the batch is filled again or destroyed.
struct DatagramView {
  absl::string_view payload;
  const DatagramInfo& info;
};

// Thread-compatible. One batch can serve any number of sockets.
class DatagramBatch {
 public:
  // Walks through the datagrams in the order of their arrival.
  class Iterator {
   public:
    DatagramView operator*() const { return {absl::string_view(at_, Size()), slot_->info}; }
    Iterator& operator++() {
      const size_t size = Size();
      at_ += size;
      left_ -= size;
      if (left_ == 0) {
        ++slot_;
        Enter();
      }
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.slot_ == b.slot_ && a.left_ == b.left_;
    }
    friend bool operator!=(const Iterator& a, const Iterator& b) { return !(a == b); }

   private:
    friend class DatagramBatch;
    Iterator(const ReceiveSlot* slot, const ReceiveSlot* end) : slot_(slot), end_(end) { Enter(); }
    // A slot has at least one datagram, which can be empty. What it says is read once: what a
    // program does with a datagram would have the compiler read it again for the next.
    void Enter() {
      if (slot_ == end_) return;
      at_ = slot_->buffer.data();
      left_ = slot_->size;
      each_ = slot_->segment_size == 0 ? left_ : slot_->segment_size;
    }
    size_t Size() const { return std::min(left_, each_); }

    const ReceiveSlot* slot_;
    const ReceiveSlot* end_;
    const char* at_ = nullptr;  // Where in the slot's buffer the datagram begins,
    size_t left_ = 0;           // how much of it is left from there,
    size_t each_ = 0;           // and how long each datagram is, but for the last.
  };

  // Room for at least `datagrams` datagrams per call, at 64 KiB of address space each, of which
  // only what is used becomes memory. More than 32 gain nothing.
  explicit DatagramBatch(size_t datagrams = 32);

  Iterator begin() const { return Iterator(slots_.data(), filled_end()); }
  Iterator end() const { return Iterator(filled_end(), filled_end()); }
  // How many datagrams there are.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  friend class UdpSocket;
  // Forgets what was received.
  void Clear();
  // The slots to fill next.
  absl::Span<ReceiveSlot> Room();
  // The first `slots` of them have been filled. Returns `size()`.
  size_t Count(size_t slots);
  const ReceiveSlot* filled_end() const { return slots_.data() + used_; }

  std::unique_ptr<char[]> bytes_;
  std::vector<ReceiveSlot> slots_;
  size_t offered_;  // How many slots the next call gets.
  size_t used_ = 0;
  size_t size_ = 0;
};

}  // namespace pollux

#endif  // POLLUX_UDP_DATAGRAM_BATCH_H_

// SPDX-License-Identifier: Apache-2.0
//
// File: temporary.h
//
// What calls say that would have to wait. Each is made once: copying a status only counts a
// reference, so that a program that polls costs nothing.

#ifndef POLLUX_UDP_INTERNAL_TEMPORARY_H_
#define POLLUX_UDP_INTERNAL_TEMPORARY_H_

#include "absl/status/status.h"

namespace pollux::internal {

const absl::Status& NothingPending();
const absl::Status& SendBufferFull();

}  // namespace pollux::internal

#endif  // POLLUX_UDP_INTERNAL_TEMPORARY_H_

// SPDX-License-Identifier: Apache-2.0
//
// File: viewer_text.h
//
// The files of the viewer as texts; the build makes the source of this from viewer.html, viewer.css
// and viewer_*.js.

#ifndef POLLUX_SIM_TRACE_VIEWER_TEXT_H_
#define POLLUX_SIM_TRACE_VIEWER_TEXT_H_

namespace pollux::sim {

extern const char kViewerPage[];  // With @TITLE@, @STYLE@, @DATA@ and @SCRIPT@, in that order.
extern const char kViewerStyle[];
extern const char kViewerScript[];

}  // namespace pollux::sim

#endif  // POLLUX_SIM_TRACE_VIEWER_TEXT_H_

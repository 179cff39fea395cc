// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/peers/report.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace pollux::bench {
namespace {

bool warming = false;

double Median(std::vector<double> values) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double Quantile(const std::vector<double>& sorted, double q) {
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<size_t>(std::lround(q * last))];
}

std::string FirstLine(const char* path, absl::string_view prefix) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    if (!absl::StartsWith(line, prefix)) continue;
    const size_t colon = line.find(": ");
    return colon == std::string::npos ? line : line.substr(colon + 2);
  }
  return "unknown";
}

template <typename F>
double MedianBy(const std::vector<FloodFigures>& figures, F field) {
  std::vector<double> values;
  for (const FloodFigures& each : figures) values.push_back(field(each));
  return Median(std::move(values));
}

// The raw method that does the same job.
constexpr const char* kPairs[][3] = {
    {"send", "WriteDatagram", "sendto"},
    {"send", "WriteDatagram, listening", "sendto in epoll"},
    {"receive", "ReadDatagram", "recvfrom"},
    {"send", "SendBatch to two", "sendmmsg 64"},
    {"receive", "ReceiveBatch", "recvmmsg 64"},
    {"receive", "ReceiveBatch, metadata", "recvmmsg 64, metadata"},
    {"receive", "OnReadyRead, ReceiveBatch", "epoll, recvmmsg 64"},
};
constexpr const char* kOffloadPairs[][3] = {
    {"send", "SendBatch to one", "UDP_SEGMENT"},
    {"receive", "DatagramBatch", "UDP_GRO"},
    {"receive", "OnReadyRead, DatagramBatch", "epoll, UDP_GRO"},
};

}  // namespace

void Report::SetWarming(bool now) { warming = now; }

void Report::PrintMachine(int rounds) {
  utsname system;
  uname(&system);
  std::printf("machine: %s, %ld processors, %s %s\n",
              FirstLine("/proc/cpuinfo", "model name").c_str(), sysconf(_SC_NPROCESSORS_ONLN),
              system.sysname, system.release);
  std::printf("receive buffer limit: %s bytes; load: %s\n",
              FirstLine("/proc/sys/net/core/rmem_max", "").c_str(),
              FirstLine("/proc/loadavg", "").c_str());
  std::printf("medians of %d alternations; loopback, IPv4\n", rounds);
}

void Report::Add(const std::string& side, const std::string& library, const std::string& method,
                 size_t size, double nanoseconds) {
  if (!warming) costs_[{side, library, method, size}].push_back(nanoseconds);
}

void Report::AddFlood(const std::string& library, const std::string& method,
                      const std::string& sender, size_t size, const FloodFigures& figures) {
  if (!warming) {
    floods_[{library, absl::StrCat(sender, " -> ", method), method, size}].push_back(figures);
  }
}

void Report::AddRoundTrips(const std::string& where, const std::string& library,
                           const std::string& method, std::vector<double> microseconds) {
  if (warming) return;
  std::sort(microseconds.begin(), microseconds.end());
  Trips& trips = trips_[{where, library, method}];
  trips.p50.push_back(Quantile(microseconds, 0.5));
  trips.p99.push_back(Quantile(microseconds, 0.99));
  trips.p999.push_back(Quantile(microseconds, 0.999));
}

const std::vector<double>* Report::Find(absl::string_view side, absl::string_view library,
                                        absl::string_view method, size_t size) const {
  const auto found =
      costs_.find({std::string(side), std::string(library), std::string(method), size});
  return found == costs_.end() ? nullptr : &found->second;
}

double Report::MedianOf(absl::string_view side, absl::string_view library, absl::string_view method,
                        size_t size) const {
  const std::vector<double>* const samples = Find(side, library, method, size);
  return samples == nullptr ? std::numeric_limits<double>::quiet_NaN() : Median(*samples);
}

double Report::Ratio(absl::string_view side, absl::string_view a, absl::string_view b,
                     size_t size) const {
  const std::vector<double>* const ours = Find(side, "pollux", a, size);
  const std::vector<double>* const raw = Find(side, "raw", b, size);
  std::vector<double> ratios;
  for (size_t i = 0; ours != nullptr && raw != nullptr && i < ours->size(); ++i) {
    ratios.push_back((*ours)[i] / (*raw)[i]);
  }
  return Median(std::move(ratios));
}

void Report::PrintCosts(const std::vector<size_t>& sizes) const {
  for (const char* side : {"send", "receive"}) {
    std::printf("\n%s: CPU ns per datagram\n%-38s", side, "");
    for (const size_t size : sizes) std::printf("%7zu B", size);
    std::printf("\n");
    std::string last;
    for (const auto& [key, samples] : costs_) {
      if (std::get<0>(key) != side) continue;
      const std::string name = absl::StrCat(std::get<1>(key), ": ", std::get<2>(key));
      if (name == last) continue;
      last = name;
      std::printf("%-38s", name.c_str());
      for (const size_t size : sizes) {
        std::printf("%9.0f", MedianOf(side, std::get<1>(key), std::get<2>(key), size));
      }
      std::printf("\n");
    }
  }
}

void Report::PrintFloods(const std::vector<size_t>& sizes) const {
  for (const size_t size : sizes) {
    std::printf("\nflood of %zu bytes, two threads%33s%8s%9s%9s\n", size, "M/s", "loss", "send ns",
                "recv ns");
    for (const auto& [key, figures] : floods_) {
      if (std::get<3>(key) != size) continue;
      const std::string name = absl::StrCat(std::get<0>(key), ": ", std::get<1>(key));
      std::printf("%-56s%8.3f%7.1f%%%9.0f%9.0f\n", name.c_str(),
                  MedianBy(figures, [](const FloodFigures& f) { return f.rate; }) * 1e-6,
                  MedianBy(figures, [](const FloodFigures& f) { return f.loss; }) * 100,
                  MedianBy(figures, [](const FloodFigures& f) { return f.send; }),
                  MedianBy(figures, [](const FloodFigures& f) { return f.receive; }));
    }
  }
}

void Report::PrintRoundTrips() const {
  std::printf("\nping-pong of 64 bytes: microseconds%19s%9s%9s\n", "p50", "p99", "p99.9");
  for (const auto& [key, trips] : trips_) {
    const std::string name =
        absl::StrCat(std::get<0>(key), ", ", std::get<1>(key), ": ", std::get<2>(key));
    std::printf("%-46s%9.2f%9.2f%9.2f\n", name.c_str(), Median(trips.p50), Median(trips.p99),
                Median(trips.p999));
  }
}

bool Report::Bar(const std::string& what, double figure, double limit, bool at_least) const {
  if (std::isnan(figure)) return true;  // It was not measured.
  const bool met = at_least ? figure >= limit : figure <= limit;
  std::printf("bar %s: %s: %.3f (%s %.2f)\n", met ? "met" : "missed", what.c_str(), figure,
              at_least ? "at least" : "at most", limit);
  return met;
}

int Report::PrintBars(size_t size) const {
  std::printf("\n");
  int missed = 0;
  for (const auto& [side, ours, raw] : kPairs) {
    missed += !Bar(absl::StrCat(side, ", ", ours, " / ", raw), Ratio(side, ours, raw, size), 1.05);
  }
  for (const auto& [side, ours, raw] : kOffloadPairs) {
    missed += !Bar(absl::StrCat(side, ", ", ours, " / ", raw), Ratio(side, ours, raw, size), 1.1);
  }
  return missed + PrintLibraryBars(size) + PrintRoundTripBars();
}

int Report::PrintLibraryBars(size_t size) const {
  int missed = 0;
  double best_rate = 0;
  std::string best;
  for (const auto& [key, figures] : floods_) {
    if (std::get<3>(key) != size || std::get<0>(key) == "raw" || std::get<0>(key) == "pollux") {
      continue;
    }
    const double rate = MedianBy(figures, [](const FloodFigures& f) { return f.rate; });
    if (rate <= best_rate) continue;
    best_rate = rate;
    best = absl::StrCat(std::get<0>(key), ": ", std::get<1>(key));
  }
  missed += !Bar(absl::StrCat("end to end, DatagramBatch over ", best),
                 Rate("pollux", "OnReadyRead, DatagramBatch", size) / best_rate, 10, true);
  for (const char* ours : {"OnReadyRead, until empty", "OnReadyRead, while pending"}) {
    const double cost = MedianOf("receive", "pollux", ours, size);
    missed += !Bar(absl::StrCat("receive, ", ours, " / Qt's readDatagram"),
                   cost / MedianOf("receive", "Qt 6", "readDatagram", size), 0.43);
  }
  const double ours = MedianOf("receive", "pollux", "OnReadyRead, until empty", size);
  const double asio = std::min(MedianOf("receive", "Asio", "async_wait, until empty", size),
                               MedianOf("receive", "Asio", "async_receive_from", size));
  const double uv = std::min(MedianOf("receive", "libuv", "recv", size),
                             MedianOf("receive", "libuv", "recv, RECVMMSG", size));
  missed += !Bar("receive, OnReadyRead / Asio's best", ours / asio, 1);
  missed += !Bar("receive, OnReadyRead / libuv's best", ours / uv, 1);
  return missed;
}

double Report::Rate(absl::string_view library, absl::string_view method, size_t size) const {
  for (const auto& [key, figures] : floods_) {
    if (std::get<0>(key) == library && std::get<2>(key) == method && std::get<3>(key) == size) {
      return MedianBy(figures, [](const FloodFigures& f) { return f.rate; });
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

const Report::Trips* Report::FindTrips(absl::string_view where, absl::string_view library,
                                       absl::string_view method) const {
  const auto found = trips_.find({std::string(where), std::string(library), std::string(method)});
  return found == trips_.end() ? nullptr : &found->second;
}

int Report::PrintRoundTripBars() const {
  int missed = 0;
  for (const char* where : {"one processor", "two processors"}) {
    const Trips* const ours = FindTrips(where, "pollux", "OnReadyRead");
    if (ours == nullptr) continue;
    double best = std::numeric_limits<double>::infinity();
    std::string library;
    for (const auto& [key, trips] : trips_) {
      if (std::get<0>(key) != where || std::get<1>(key) == "raw" || std::get<1>(key) == "pollux") {
        continue;
      }
      if (Median(trips.p50) >= best) continue;
      best = Median(trips.p50);
      library = std::get<1>(key);
    }
    missed += !Bar(absl::StrCat("ping-pong p50 on ", where, ", OnReadyRead / ", library),
                   Median(ours->p50) / best, 1);
  }
  const Trips* const spin = FindTrips("two processors", "pollux", "spin");
  const Trips* const raw = FindTrips("two processors", "raw", "spin");
  if (trips_.empty()) return missed;
  if (spin == nullptr || raw == nullptr) {
    std::printf("bar missed: spinning needs two processors\n");
    return missed + 1;
  }
  return missed + !Bar("ping-pong p50, spin / raw spin", Median(spin->p50) / Median(raw->p50), 1.1);
}

std::string Report::Svg(size_t size) const {
  constexpr double kBarHeight = 16;
  constexpr double kLeft = 260;
  constexpr double kWidth = 460;
  std::string body;
  double y = 34;
  for (const char* side : {"send", "receive"}) {
    double most = 1;
    for (const auto& [key, samples] : costs_) {
      if (std::get<0>(key) == side && std::get<3>(key) == size) {
        most = std::max(most, Median(samples));
      }
    }
    absl::StrAppendFormat(&body, "<text x='8' y='%.0f' font-weight='bold'>%s</text>\n", y, side);
    y += 8;
    for (const auto& [key, samples] : costs_) {
      if (std::get<0>(key) != side || std::get<3>(key) != size) continue;
      const double value = Median(samples);
      const std::string& library = std::get<1>(key);
      const char* colour = library == "pollux" ? "#2a6fbb" : library == "raw" ? "#888" : "#d9a441";
      const std::string name =
          absl::StrReplaceAll(absl::StrCat(library, ": ", std::get<2>(key)), {{"&", "&amp;"}});
      absl::StrAppendFormat(&body,
                            "<text x='%.0f' y='%.0f' text-anchor='end'>%s</text>"
                            "<rect x='%.0f' y='%.0f' width='%.1f' height='%.0f' fill='%s'/>"
                            "<text x='%.1f' y='%.0f'>%.0f</text>\n",
                            kLeft - 6, y + 12, name, kLeft, y, value / most * kWidth,
                            kBarHeight - 3, colour, kLeft + value / most * kWidth + 4, y + 12,
                            value);
      y += kBarHeight;
    }
    y += 24;
  }
  return absl::StrFormat(
      "<svg xmlns='http://www.w3.org/2000/svg' width='800' height='%.0f' "
      "font-family='sans-serif' font-size='11'>\n"
      "<rect width='100%%' height='100%%' fill='white'/>\n"
      "<text x='8' y='16'>CPU nanoseconds per datagram of %zu bytes on loopback; less is "
      "better</text>\n%s</svg>\n",
      y, size, body);
}

}  // namespace pollux::bench

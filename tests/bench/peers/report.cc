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

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Between two values where there is none at that place.
double Quantile(const std::vector<double>& sorted, double q) {
  if (sorted.empty()) return kUnknown;
  const double place = q * static_cast<double>(sorted.size() - 1);
  const double below = std::floor(place);
  const double value = sorted[static_cast<size_t>(below)];
  const size_t next = std::min(static_cast<size_t>(below) + 1, sorted.size() - 1);
  return value + (sorted[next] - value) * (place - below);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return Quantile(values, 0.5);
}

// Of each round's `a` over its `b`.
Ratios RatiosOf(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) ratios.push_back(a[i] / b[i]);
  std::sort(ratios.begin(), ratios.end());
  return {Quantile(ratios, 0.5), Quantile(ratios, 0.25), Quantile(ratios, 0.75)};
}

bool IsRival(absl::string_view library) { return library != "raw" && library != "pollux"; }

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

std::vector<double> Report::Costs(absl::string_view side, absl::string_view library,
                                  absl::string_view method, size_t size) const {
  const auto found =
      costs_.find({std::string(side), std::string(library), std::string(method), size});
  return found == costs_.end() ? std::vector<double>() : found->second;
}

std::vector<double> Report::Rates(absl::string_view library, absl::string_view method,
                                  size_t size) const {
  std::vector<double> rates;
  for (const auto& [key, figures] : floods_) {
    if (std::get<0>(key) != library || std::get<2>(key) != method || std::get<3>(key) != size) {
      continue;
    }
    for (const FloodFigures& each : figures) rates.push_back(each.rate);
  }
  return rates;
}

std::vector<double> Report::P50(absl::string_view where, absl::string_view library,
                                absl::string_view method) const {
  const auto found = trips_.find({std::string(where), std::string(library), std::string(method)});
  return found == trips_.end() ? std::vector<double>() : found->second.p50;
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
        std::printf("%9.0f", Median(Costs(side, std::get<1>(key), std::get<2>(key), size)));
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

bool Report::Bar(const std::string& what, const Ratios& figure, double limit, bool at_least) {
  if (std::isnan(figure.median)) return true;  // It was not measured.
  const bool met = at_least ? figure.median >= limit : figure.median <= limit;
  std::printf("bar %s: %s: %.3f (%s %.2f; half of the rounds %.3f to %.3f)\n",
              met ? "met" : "missed", what.c_str(), figure.median,
              at_least ? "at least" : "at most", limit, figure.low, figure.high);
  return met;
}

int Report::PrintBars(size_t size) const {
  std::printf("\n");
  int missed = 0;
  const auto bar = [&](const auto& pair, double limit) {
    const auto& [side, ours, raw] = pair;
    missed +=
        !Bar(absl::StrCat(side, ", ", ours, " / ", raw),
             RatiosOf(Costs(side, "pollux", ours, size), Costs(side, "raw", raw, size)), limit);
  };
  for (const auto& pair : kPairs) bar(pair, 1.05);
  for (const auto& pair : kOffloadPairs) bar(pair, 1.1);
  return missed + PrintEndToEndBar(size) + PrintLibraryBars(size) + PrintRoundTripBars();
}

int Report::PrintEndToEndBar(size_t size) const {
  const std::vector<double> ours = Rates("pollux", "OnReadyRead, DatagramBatch", size);
  Ratios least = {kUnknown, kUnknown, kUnknown};
  std::string best;
  for (const auto& [key, figures] : floods_) {
    if (std::get<3>(key) != size || !IsRival(std::get<0>(key))) continue;
    const Ratios ratios = RatiosOf(ours, Rates(std::get<0>(key), std::get<2>(key), size));
    if (std::isnan(ratios.median) || ratios.median >= least.median) continue;
    least = ratios;
    best = absl::StrCat(std::get<0>(key), ": ", std::get<1>(key));
  }
  return !Bar(absl::StrCat("end to end, DatagramBatch over ", best), least, 10, true);
}

int Report::PrintLibraryBars(size_t size) const {
  int missed = 0;
  const auto costs = [&](const char* library, const char* method) {
    return Costs("receive", library, method, size);
  };
  for (const char* ours :
       {"OnReadyRead, ReceiveBatch", "OnReadyRead, until empty", "OnReadyRead, while pending"}) {
    missed += !Bar(absl::StrCat("receive, ", ours, " / Qt's readDatagram"),
                   RatiosOf(costs("pollux", ours), costs("Qt 6", "readDatagram")), 0.43);
  }
  const std::vector<double> until_empty = costs("pollux", "OnReadyRead, until empty");
  Ratios most = {kUnknown, kUnknown, kUnknown};
  std::string best;
  for (const auto& [key, samples] : costs_) {
    const auto& [side, library, method, its_size] = key;
    if (side != "receive" || library != "Asio" || its_size != size) continue;
    const Ratios ratios = RatiosOf(until_empty, samples);
    if (std::isnan(ratios.median) || ratios.median <= most.median) continue;
    most = ratios;
    best = method;
  }
  missed += !Bar(absl::StrCat("receive, OnReadyRead, until empty / Asio: ", best), most, 1);
  // Like with like: one buffer into which each datagram comes, and room for many that the program
  // is shown in their places. To copy out of these is what libuv leaves to the program; so the last
  // of the three holds us to its best way with a copy more.
  missed += !Bar("receive, OnReadyRead, until empty / libuv: recv",
                 RatiosOf(until_empty, costs("libuv", "recv")), 1);
  const std::vector<double> in_place = costs("libuv", "recv, RECVMMSG");
  missed += !Bar("receive, OnReadyRead, ReceiveBatch / libuv: recv, RECVMMSG",
                 RatiosOf(costs("pollux", "OnReadyRead, ReceiveBatch"), in_place), 1);
  missed += !Bar("receive, OnReadyRead, until empty / libuv: recv, RECVMMSG",
                 RatiosOf(until_empty, in_place), 1);
  return missed;
}

int Report::PrintRoundTripBars() const {
  int missed = 0;
  for (const char* where : {"one processor", "two processors"}) {
    Ratios most = {kUnknown, kUnknown, kUnknown};
    std::string best;
    for (const auto& [key, trips] : trips_) {
      if (std::get<0>(key) != where || !IsRival(std::get<1>(key))) continue;
      const Ratios ratios = RatiosOf(P50(where, "pollux", "OnReadyRead"), trips.p50);
      if (std::isnan(ratios.median) || ratios.median <= most.median) continue;
      most = ratios;
      best = std::get<1>(key);
    }
    missed += !Bar(absl::StrCat("ping-pong p50 on ", where, ", OnReadyRead / ", best), most, 1);
  }
  // The places are in the order of their names.
  if (!trips_.empty() && std::get<0>(trips_.rbegin()->first) == "one processor") {
    std::printf("bar missed: spinning needs two processors\n");
    return missed + 1;
  }
  return missed + !Bar("ping-pong p50, spin / raw spin",
                       RatiosOf(P50("two processors", "pollux", "spin"),
                                P50("two processors", "raw", "spin")),
                       1.1);
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

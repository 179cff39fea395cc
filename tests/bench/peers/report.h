// SPDX-License-Identifier: Apache-2.0
//
// File: report.h
//
// `Report` collects what native_vs_peers measures, and prints it: tables, bars and a plot.

#ifndef POLLUX_TESTS_BENCH_PEERS_REPORT_H_
#define POLLUX_TESTS_BENCH_PEERS_REPORT_H_

#include <cstddef>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/string_view.h"

namespace pollux::bench {

// Ratios of two methods, one for each round: what drifts on a machine is in both of a round.
struct Ratios {
  double median = 0;  // NaN where one of the two was not measured.
  double low = 0;     // Half of the rounds lie between these.
  double high = 0;
};

struct FloodFigures {
  double rate = 0;     // Datagrams received per second.
  double loss = 0;     // Of those sent.
  double send = 0;     // CPU nanoseconds per datagram sent,
  double receive = 0;  // and received.
};

class Report {
 public:
  // What is added while warming up is forgotten.
  static void SetWarming(bool warming);
  static void PrintMachine(int rounds);

  // CPU nanoseconds per datagram. `side` is "send" or "receive".
  void Add(const std::string& side, const std::string& library, const std::string& method,
           size_t size, double nanoseconds);
  void AddFlood(const std::string& library, const std::string& method, const std::string& sender,
                size_t size, const FloodFigures& figures);
  void AddRoundTrips(const std::string& where, const std::string& library,
                     const std::string& method, std::vector<double> microseconds);

  void PrintCosts(const std::vector<size_t>& sizes) const;
  void PrintFloods(const std::vector<size_t>& sizes) const;
  void PrintRoundTrips() const;
  // One line for each bar; returns how many were missed.
  int PrintBars(size_t size) const;
  std::string Svg(size_t size) const;

 private:
  // (side, library, method, size), and so on: one sample for each round, in the order of rounds.
  using CostKey = std::tuple<std::string, std::string, std::string, size_t>;
  using FloodKey = std::tuple<std::string, std::string, std::string, size_t>;
  using TripKey = std::tuple<std::string, std::string, std::string>;
  struct Trips {
    std::vector<double> p50, p99, p999;
  };

  // A method's samples; empty where it was not measured.
  std::vector<double> Costs(absl::string_view side, absl::string_view library,
                            absl::string_view method, size_t size) const;
  std::vector<double> Rates(absl::string_view library, absl::string_view method, size_t size) const;
  std::vector<double> P50(absl::string_view where, absl::string_view library,
                          absl::string_view method) const;
  static bool Bar(const std::string& what, const Ratios& figure, double limit,
                  bool at_least = false);
  // Against that method, of the other libraries', which comes out best.
  int PrintEndToEndBar(size_t size) const;
  int PrintLibraryBars(size_t size) const;
  int PrintRoundTripBars() const;

  std::map<CostKey, std::vector<double>> costs_;
  std::map<FloodKey, std::vector<FloodFigures>> floods_;
  std::map<TripKey, Trips> trips_;
};

}  // namespace pollux::bench

#endif  // POLLUX_TESTS_BENCH_PEERS_REPORT_H_

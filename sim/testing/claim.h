// SPDX-License-Identifier: Apache-2.0
//
// File: claim.h
//
// `SOMETIMES("what")` claims that the simulation comes by there: in some run of some SIM_TEST of
// the program. A claim that no run reached fails the program when all its tests have run, for then
// the tests look at less than their reader believes. Claims are not checked in a program of which
// only some tests were asked for, or a single story, or a shard.

#ifndef POLLUX_SIM_TESTING_CLAIM_H_
#define POLLUX_SIM_TESTING_CLAIM_H_

#include <string>
#include <vector>

// `what` is a string literal. Costs next to nothing; every thread can come by.
#define SOMETIMES(what)                                        \
  do {                                                         \
    struct ClaimTag {                                          \
      static const char* What() { return what; }               \
      static const char* File() { return __FILE__; }           \
      static int Line() { return __LINE__; }                   \
    };                                                         \
    ::pollux::sim::internal::ClaimOf<ClaimTag>::claim.Reach(); \
  } while (false)

namespace pollux::sim::internal {

// One SOMETIMES of the source. All exist before main, so that those are known that nobody reaches.
class Claim {
 public:
  Claim(const char* what, const char* file, int line);
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  void Reach() { reached_ = true; }

  const char* what() const { return what_; }
  const char* file() const { return file_; }
  int line() const { return line_; }
  bool reached() const { return reached_; }

 private:
  const char* const what_;
  const char* const file_;
  const int line_;
  bool reached_ = false;
};

// Those that were not reached so far, in the order of file and line.
std::vector<const Claim*> UnreachedClaims();

template <typename Tag>
struct ClaimOf {
  static Claim claim;
};
template <typename Tag>
Claim ClaimOf<Tag>::claim(Tag::What(), Tag::File(), Tag::Line());

}  // namespace pollux::sim::internal

#endif  // POLLUX_SIM_TESTING_CLAIM_H_

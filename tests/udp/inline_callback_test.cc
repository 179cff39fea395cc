// SPDX-License-Identifier: Apache-2.0
//
// A callback that lies in its owner, and what may be done to it while it runs.

#include "udp/internal/inline_callback.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace pollux::internal {
namespace {

using ::testing::ElementsAre;

// Says when it goes.
class Witness {
 public:
  Witness(std::vector<std::string>& log, std::string name) : log_(log), name_(std::move(name)) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { log_.push_back(name_ + " is gone"); }

  void Run() { log_.push_back(name_ + " runs"); }

 private:
  std::vector<std::string>& log_;
  const std::string name_;
};

class InlineCallbackTest : public ::testing::Test {
 public:
  // One that runs and does nothing else.
  void SetPlain(std::string name) {
    callback_.Set([witness = NewWitness(std::move(name))] { witness->Run(); });
  }

 protected:
  std::shared_ptr<Witness> NewWitness(std::string name) {
    return std::make_shared<Witness>(log_, std::move(name));
  }

  std::vector<std::string> log_;
  InlineCallback callback_;
};

TEST_F(InlineCallbackTest, TheLatestRuns) {
  EXPECT_FALSE(callback_.is_set());
  SetPlain("first");
  EXPECT_TRUE(callback_.is_set());
  callback_.Run();
  SetPlain("second");
  callback_.Run();
  EXPECT_THAT(log_, ElementsAre("first runs", "first is gone", "second runs"));
}

TEST_F(InlineCallbackTest, AnEmptyOneTakesItAway) {
  SetPlain("first");
  callback_.Set(nullptr);
  EXPECT_FALSE(callback_.is_set());
  EXPECT_THAT(log_, ElementsAre("first is gone"));
}

TEST_F(InlineCallbackTest, OneThatReplacesItselfStaysUntilItHasReturned) {
  callback_.Set([this, witness = NewWitness("first")] {
    SetPlain("second");
    SetPlain("third");
    EXPECT_TRUE(callback_.is_set());
    witness->Run();
  });
  callback_.Run();
  EXPECT_THAT(log_, ElementsAre("second is gone", "first runs", "first is gone"));
  callback_.Run();
  EXPECT_EQ(log_.back(), "third runs");
}

TEST_F(InlineCallbackTest, OneThatTakesItselfAwayStaysUntilItHasReturned) {
  callback_.Set([this, witness = NewWitness("first")] {
    callback_.Set(nullptr);
    EXPECT_FALSE(callback_.is_set());
    witness->Run();
  });
  callback_.Run();
  EXPECT_THAT(log_, ElementsAre("first runs", "first is gone"));
  EXPECT_FALSE(callback_.is_set());
}

// What goes may be what has set it, which sets another then.
TEST_F(InlineCallbackTest, WhatACallbackOwnsMaySetAnotherWhenItGoes) {
  struct Setter {
    explicit Setter(InlineCallbackTest* of) : test(of) {}
    ~Setter() { test->SetPlain("third"); }
    InlineCallbackTest* test;
  };
  callback_.Set([setter = std::make_shared<Setter>(this)] {});
  SetPlain("second");
  callback_.Run();
  EXPECT_THAT(log_, ElementsAre("second is gone", "third runs"));
}

}  // namespace
}  // namespace pollux::internal

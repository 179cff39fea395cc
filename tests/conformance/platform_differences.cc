// SPDX-License-Identifier: Apache-2.0

#include "tests/conformance/platform_differences.h"

namespace pollux::conformance {
namespace {

// Platforms, as bits.
constexpr unsigned kM = 1;
constexpr unsigned kF = 2;
constexpr unsigned kW = 4;

// Reasons, with the section of udp-semantics that has the rule.
constexpr char kNoDevice[] = "no socket is bound to an interface (3.1, 4.1)";
constexpr char kDeviceCountsNot[] =
    "IP_BOUND_IF scopes what is sent; binds and arrivals do not look at it (2.1.4)";
constexpr char kNoFreeBind[] = "addresses of others are not bound (2.1.4, 4.1.3)";
constexpr char kBroadcastBind[] =
    "255.255.255.255, on Windows any broadcast, is not bound (2.1.4, "
    "4.1.3)";
constexpr char kGroupBind[] = "a group's address is not bound (4.1.3)";
constexpr char kOneLoopback[] = "of 127.0.0.0/8 the host has 127.0.0.1 alone (2.1.4)";
constexpr char kPorts[] = "ports for port 0 are of another range (2.1.4, 3.1, 4.1)";
constexpr char kShares[] =
    "kShareAddress is another option there, and who must ask is another "
    "rule (2.1.1, 4.1.1)";
constexpr char kSharesByPort[] = "SO_REUSEADDR alone shares no address (2.1.2)";
constexpr char kSpecific[] = "a wildcard and a specific address of one user share a port (4.1.1)";
constexpr char kPairwise[] = "no scan ends at a holder that shares: each is looked at (2.1.1)";
constexpr char kNoReusePort[] = "there is no SO_REUSEPORT (4.1)";
constexpr char kNoGroups[] = "SO_REUSEPORT spreads nothing (2.2)";
constexpr char kEquals[] = "of equal sockets another one is first (2.2, 4.2)";
constexpr char kAddressGoes[] = "a disconnect gives up the address that was bound (2.3)";
constexpr char kAddressStays[] = "a disconnect keeps the address that the connect chose (4.3)";
constexpr char kIsConnected[] = "a connected socket sends to its peer alone: EISCONN (2.3)";
constexpr char kBuffers[] = "a receive buffer counts, and is granted, otherwise (2.3, 3.3, 4.3)";
constexpr char kSendBuffer[] = "the send buffer, 9216 bytes, limits a datagram (2.3)";
constexpr char kZeroAddress[] =
    "0.0.0.0 as a destination is the first interface's address, and none on Windows (2.3, 4.3)";
constexpr char kStrongHost[] = "an address is reached on its own interface alone (U)";
constexpr char kNoReports[] = "ICMP errors reach connected sockets alone, and nobody can ask (2.3)";
constexpr char kReportsAll[] = "ICMP errors reach every socket (4.3)";
constexpr char kNoAll[] = "each socket hears the groups that it joined itself (2.2, 4.2)";
constexpr char kBroadcastPeer[] = "a connect to a broadcast address asks for no permission (2.3)";
constexpr char kLoopbackIsReceivers[] = "kMulticastLoopback is looked at by the receiver (4.4)";
constexpr char kChanges[] =
    "what the kernel does as interfaces change is not known: not_modelled.md";
constexpr char kMembershipCodes[] = "what cannot be joined or left has another code (2.4, 4.4)";
constexpr char kSources[] = "a plain membership takes no sources (2.4, 4.4)";
constexpr char kLeavesFirst[] = "without an interface the first membership is left (2.4, 4.4)";
constexpr char kJoinsFirst[] =
    "a group without a route is joined on the first interface (2.4, 4.4)";
constexpr char kLimits[] = "a socket may join more groups, and sources (2.4, 4.4)";
constexpr char kNoPacing[] = "there is no SO_MAX_PACING_RATE";
constexpr char kExclusive[] = "SO_EXCLUSIVEADDRUSE is there (4.1.1)";

struct Difference {
  const char* test;
  unsigned platforms;
  const char* why;
};

constexpr Difference kDifferences[] = {
    {"BindTest.ABoundDeviceMustHaveTheLoopbackAddressOfIpv6", kF | kW, kNoDevice},
    {"BindTest.AForeignAddressCanBeBoundWhereThatIsAskedFor", kM | kW, kNoFreeBind},
    {"BindTest.ARefusedAttemptLeavesNothingOverForTheNext", kW, kBroadcastBind},
    {"BindTest.BothMustShareToShare", kW, kShares},
    {"BindTest.ChosenPortsAreOfTheKernelsRange", kM | kF | kW, kPorts},
    {"BindTest.LinkLocalAddressesNeedTheirScope", kW, kGroupBind},
    {"BindTest.LoopbackNetworkGroupsAndBroadcastAddressesCanBeBound", kM | kF, kOneLoopback},
    {"BindTest.LoopbackNetworkGroupsAndBroadcastAddressesCanBeBound", kW, kGroupBind},
    {"BindTest.ReuseOptionsSetAfterTheBindCountForLaterBinds", kM | kF | kW, kShares},
    {"BindTest.SocketsOnDifferentDevicesNeverConflict", kM, kDeviceCountsNot},
    {"BindTest.SocketsOnDifferentDevicesNeverConflict", kF | kW, kNoDevice},
    {"BindTest.TheScanStopsAtTheFirstHolderThatSharesThePort", kM | kF, kPairwise},
    {"BindTest.TheScanStopsAtTheFirstHolderThatSharesThePort", kW, kNoReusePort},
    {"BindTest.WildcardsOverlapWhatTheyCoverAndFamiliesOverlapOnlyInDualSockets", kW, kSpecific},
    {"ConnectTest.ABoundSocketKeepsItsPortAndIsBoundAgainAfterwards", kM | kF, kAddressGoes},
    {"ConnectTest.AWildcardBindIsAWildcardAgainAfterwards", kW, kAddressStays},
    {"ConnectTest.WriteDatagramStillGoesWhereItIsSent", kM | kF, kIsConnected},
    {"DatagramTest.AFullReceiveBufferStaysFullForAWhile", kM | kF | kW, kBuffers},
    {"DatagramTest.AReceiveBufferKeepsWhatTheKernelsMemoryAllows", kM | kF | kW, kBuffers},
    {"DatagramTest.ASmallSendBufferLimitsNoDatagram", kM | kF, kSendBuffer},
    {"DatagramTest.LargerThanTheMtuArrivesWhole", kM | kF, kSendBuffer},
    {"DatagramTest.TheLargestPayloadsPassAndOneByteMoreIsTooLarge", kM | kF, kSendBuffer},
    {"DatagramTest.TheLargestPayloadsPassAndOneByteMoreIsTooLarge", kW, kBuffers},
    {"DatagramTest.TheZeroAddressIsLoopback", kM | kF | kW, kZeroAddress},
    {"DeliveryTest.AConnectedSocketTakesItsPeersDatagrams", kW, kShares},
    {"DeliveryTest.AHostTakesItsAddressesOnAnyInterface", kM | kF | kW, kStrongHost},
    {"DeliveryTest.AReusePortGroupSpreadsSendersAndKeepsEachWithOneMember", kM | kF, kNoGroups},
    {"DeliveryTest.AReusePortGroupSpreadsSendersAndKeepsEachWithOneMember", kW, kNoReusePort},
    {"DeliveryTest.ASocketBoundToTheArrivalInterfaceWins", kM, kDeviceCountsNot},
    {"DeliveryTest.ASocketBoundToTheArrivalInterfaceWins", kF | kW, kNoDevice},
    {"DeliveryTest.AmongEqualsTheNewestGetsEverything", kW, kShares},
    {"DeliveryTest.EveryMatchingSocketHearsABroadcast", kM | kF | kW, kBroadcastBind},
    {"DeliveryTest.TheLimitedBroadcastReachesTheAttachedNetwork", kM | kF | kW, kBroadcastBind},
    {"ErrorTest.ASendAfterTheAnswerIsSent", kM | kF, kIsConnected},
    {"ErrorTest.ErrorsAndDatagramsOfManyPeersDoNotDisturbEachOther", kM | kF, kNoReports},
    {"ErrorTest.UnconnectedSocketsHearOfItOnlyIfTheyAsk", kM | kF, kNoReports},
    {"ErrorTest.UnconnectedSocketsHearOfItOnlyIfTheyAsk", kW, kReportsAll},
    {"GateTest.ADualSocketHearsIpv4GroupsItJoinedOrAskedForAll", kM | kF | kW, kNoAll},
    {"GateTest.AMembershipElsewhereIsNoneForWhoDeclinesTheRest", kM | kF | kW, kNoAll},
    {"GateTest.BroadcastsToAPeerAndLargeOnes", kM | kF | kW, kBroadcastPeer},
    {"GateTest.EachMemberOfAReusePortGroupGetsACopy", kM | kF, kNoAll},
    {"GateTest.EachMemberOfAReusePortGroupGetsACopy", kW, kNoReusePort},
    {"GateTest.Ipv6LooksAtTheGroupAlone", kM | kF | kW, kNoAll},
    {"GateTest.LoopbackAndHopLimitOfIpv6AreTheSenders", kW, kLoopbackIsReceivers},
    {"GateTest.PeersAndDevicesFilterBroadcasts", kM, kDeviceCountsNot},
    {"GateTest.PeersAndDevicesFilterBroadcasts", kF | kW, kNoDevice},
    {"GateTest.PeersAndDevicesFilterGroups", kM, kDeviceCountsNot},
    {"GateTest.PeersAndDevicesFilterGroups", kF | kW, kNoDevice},
    {"InterfaceTest.AConnectedSocketDoesNotMoveToANewAddress", kM | kF | kW, kChanges},
    {"InterfaceTest.ItsIpv6AddressesAreGoneForGoodOnceItIsDown", kM | kF | kW, kChanges},
    {"InterfaceTest.MembershipsSurviveDownAndUp", kW, kMembershipCodes},
    {"InterfaceTest.RoutesThatWereAddedByItAreGoneWhenItIsUpAgain", kM | kF | kW, kChanges},
    {"InterfaceTest.TheFirstAddressOfASubnetTakesTheOthersWithIt", kM | kF | kW, kChanges},
    {"InterfaceTest.TheRouteThatTookOverStaysWhenTheFirstInterfaceIsUpAgain", kM | kF | kW,
     kChanges},
    {"MembershipTest.ASocketBoundToAGroupSendsFromAnInterface", kW, kGroupBind},
    {"MembershipTest.ASourceMakesAPlainMembershipSpecific", kM | kF | kW, kSources},
    {"MembershipTest.GroupDatagramsLeaveByTheBoundAddressOrDevice", kM, kDeviceCountsNot},
    {"MembershipTest.GroupDatagramsLeaveByTheBoundAddressOrDevice", kF | kW, kNoDevice},
    {"MembershipTest.LeavingWithoutAnInterfaceMeansTheRoutesInIpv4", kM | kF | kW, kLeavesFirst},
    {"MembershipTest.Limits", kM | kF | kW, kLimits},
    {"MembershipTest.SourcesComeAndGoOneByOne", kM | kF | kW, kMembershipCodes},
    {"MembershipTest.TheHostTakesWhatSomeMembershipWants", kM | kF | kW, kNoAll},
    {"MembershipTest.TheRouteChoosesTheInterfaceWhateverTheSocketIsBoundTo", kF | kW, kNoDevice},
    {"MulticastTest.AGuardMayOutliveItsSocketAndDoesNotTouchALaterBind", kW, kMembershipCodes},
    {"MulticastTest.BadIpv6MembershipsToo", kM | kF | kW, kMembershipCodes},
    {"MulticastTest.BadMembershipsAreNamed", kM | kF | kW, kMembershipCodes},
    {"MulticastTest.OtherSocketsOfTheHostHearAGroupUnlessTheyDecline", kM | kF | kW, kNoAll},
    {"MulticastTest.TheDefaultInterfaceIsTheRoutes", kM | kF, kLeavesFirst},
    {"MulticastTest.TheDefaultInterfaceIsTheRoutes", kW, kMembershipCodes},
    {"MulticastTest.ASourceSpecificMemberHearsItsSourceOnly", kM | kF | kW, kMembershipCodes},
    {"MulticastTest.EachSocketGetsOneCopy", kW, kShares},
    {"MulticastTest.TheBoundAddressDecidesToo", kM | kF, kNoAll},
    {"MulticastTest.TheBoundAddressDecidesToo", kW, kGroupBind},
    {"MulticastTest.WithoutRouteAGroupNeedsAnInterface", kM | kF | kW, kJoinsFirst},
    {"MulticastTest.TheTwentyFirstGroupOfASocketIsTooMany", kM | kF | kW, kLimits},
    {"OptionTest.AnOptionThatThePlatformRefusesFailsTheBind", kF | kW, kNoDevice},
    {"OptionTest.APacedSocketLosesNothingAndTheLimitCanBeTakenAway", kM | kF | kW, kNoPacing},
    {"OptionTest.BuffersAreGrantedAsTheKernelSees", kM | kF | kW, kBuffers},
    {"OptionTest.EachOptionIsReadAsItWasSetInEachFamily", kM | kF, kNoAll},
    {"OptionTest.EachOptionIsReadAsItWasSetInEachFamily", kW, kNoReusePort},
    {"OptionTest.HugeBuffersAreCut", kF | kW, kBuffers},
    {"OptionTest.WhatThePlatformLacksIsUnsupported", kW, kExclusive},
    {"ReuseTest.ABoundDeviceCountsLessThanTheAddress", kM, kDeviceCountsNot},
    {"ReuseTest.ABoundDeviceCountsLessThanTheAddress", kF | kW, kNoDevice},
    {"ReuseTest.AConnectedMemberHearsItsPeerAndTheOthersShareTheRest", kM | kF, kNoGroups},
    {"ReuseTest.AConnectedMemberHearsItsPeerAndTheOthersShareTheRest", kW, kNoReusePort},
    {"ReuseTest.AGroupAndASingleSocketByWhoIsNewer", kM | kF, kNoGroups},
    {"ReuseTest.AGroupAndASingleSocketByWhoIsNewer", kW, kNoReusePort},
    {"ReuseTest.AGroupIsOfOneAddress", kM | kF, kNoGroups},
    {"ReuseTest.AGroupIsOfOneAddress", kW, kNoReusePort},
    {"ReuseTest.AGroupIsOfOneProtocol", kW, kNoReusePort},
    {"ReuseTest.OfEqualConnectionsTheNewest", kM | kF | kW, kEquals},
    {"ReuseTest.OwnDatagramsArriveOnTheInterfaceOfTheAddress", kM, kDeviceCountsNot},
    {"ReuseTest.OwnDatagramsArriveOnTheInterfaceOfTheAddress", kF | kW, kNoDevice},
    {"ReuseTest.SharingThatIsAllowedAfterTheBindMakesAGroup", kM | kF, kNoGroups},
    {"ReuseTest.SharingThatIsAllowedAfterTheBindMakesAGroup", kW, kNoReusePort},
    {"ReuseTest.TheFirstHolderThatMattersDecidesABind", kM | kF, kPairwise},
    {"ReuseTest.TheFirstHolderThatMattersDecidesABind", kW, kNoReusePort},
    {"ReuseTest.TheNewestOfSpecificHoldersIsLookedAtFirst", kM | kF, kPairwise},
    {"ReuseTest.TheNewestOfSpecificHoldersIsLookedAtFirst", kW, kNoReusePort},
    {"ReuseTest.TwoSocketsShareByAnOptionThatBothHave", kM | kF, kSharesByPort},
    {"ReuseTest.TwoSocketsShareByAnOptionThatBothHave", kW, kNoReusePort},
    {"ReuseTest.WhoLeavesAGroupIsMissedByNobody", kM | kF, kNoGroups},
    {"ReuseTest.WhoLeavesAGroupIsMissedByNobody", kW, kNoReusePort},
};

std::string Find(absl::string_view test, unsigned platform) {
  for (const Difference& difference : kDifferences) {
    if ((difference.platforms & platform) != 0 && test == difference.test) return difference.why;
  }
  return std::string();
}

}  // namespace

template <>
std::string WhyNotOn<Platform::kMacOs>(absl::string_view test) {
  return Find(test, kM);
}

template <>
std::string WhyNotOn<Platform::kFreeBsd>(absl::string_view test) {
  return Find(test, kF);
}

template <>
std::string WhyNotOn<Platform::kWindows>(absl::string_view test) {
  return Find(test, kW);
}

}  // namespace pollux::conformance

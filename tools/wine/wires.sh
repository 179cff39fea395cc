#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# wires.sh COMMAND ARGUMENT...: runs it on a machine with two wires, both ends of which are its own,
# and no other network: tests/conformance/bed.h tells the addresses. Nothing outlives the command.

set -eu

if [[ ${1:-} != --inside ]]; then
  exec unshare --user --map-root-user --net -- "$0" --inside "$@"
fi
shift

# end NAME ADDRESS...: brings up one end of a wire.
end() {
  local name=$1 address
  shift
  echo 1 >"/proc/sys/net/ipv4/conf/$name/accept_local"
  echo 1 >"/proc/sys/net/ipv6/conf/$name/addr_gen_mode"
  ip link set "$name" up
  for address; do
    if [[ $address == *:* ]]; then
      ip address add "$address" dev "$name" nodad
    else
      ip address add "$address" dev "$name" broadcast +
    fi
  done
}

ip link set lo up
ip link add va index 11 type veth peer name vb index 21
ip link add wa index 12 type veth peer name wb index 22
# What comes from an address of one's own is else thought to be forged.
echo 1 >/proc/sys/net/ipv4/conf/all/accept_local
echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter
end va 10.77.0.1/24 10.77.0.11/24 fd77::1/64 fe80::11/64
end vb 10.77.0.2/24 fd77::2/64 fe80::21/64
end wa 10.78.0.1/24 fd78::1/64 fe80::12/64
end wb 10.78.0.2/24 fd78::2/64 fe80::22/64
# What is sent to the far end comes from the near one, as between hosts.
near() {
  local name=$1 far=$2 near=$3 tries=0
  # The kernel adds it when it comes to that.
  until ip route delete local "$far" dev "$name" table local 2>/dev/null; do
    ((++tries < 1000))
  done
  ip route add local "$far" dev "$name" table local src "$near"
}
near vb 10.77.0.2 10.77.0.1
near wb 10.78.0.2 10.78.0.1
near vb fd77::2 fd77::1
near wb fd78::2 fd78::1
# Groups have a way, and other networks have none.
ip route add 224.0.0.0/4 dev va
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
echo 0 >/proc/sys/net/ipv6/icmp/ratelimit
exec "$@"

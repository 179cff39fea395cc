// SPDX-License-Identifier: Apache-2.0

#include "platform/linux/system_calls.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace pollux::linux_engine {
namespace {

template <typename T>
T Negated(T result) {
  return result < 0 ? -errno : result;
}

}  // namespace

SystemCalls::~SystemCalls() = default;

int SystemCalls::Socket(int domain, int type, int protocol) {
  return Negated(::socket(domain, type, protocol));
}

int SystemCalls::Close(int fd) { return Negated(::close(fd)); }

int SystemCalls::Bind(int fd, const sockaddr* address, socklen_t length) {
  return Negated(::bind(fd, address, length));
}

int SystemCalls::Connect(int fd, const sockaddr* address, socklen_t length) {
  return Negated(::connect(fd, address, length));
}

int SystemCalls::GetSockName(int fd, sockaddr* address, socklen_t* length) {
  return Negated(::getsockname(fd, address, length));
}

int SystemCalls::SetSockOpt(int fd, int level, int name, const void* value, socklen_t length) {
  return Negated(::setsockopt(fd, level, name, value, length));
}

int SystemCalls::GetSockOpt(int fd, int level, int name, void* value, socklen_t* length) {
  return Negated(::getsockopt(fd, level, name, value, length));
}

int SystemCalls::SetNonBlocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  return flags < 0 ? -errno : Negated(::fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

ssize_t SystemCalls::SendTo(int fd, const void* data, size_t size, int flags, const sockaddr* to,
                            socklen_t length) {
  return Negated(::sendto(fd, data, size, flags, to, length));
}

ssize_t SystemCalls::SendMsg(int fd, const msghdr* message, int flags) {
  return Negated(::sendmsg(fd, message, flags));
}

int SystemCalls::SendMMsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return Negated(::sendmmsg(fd, messages, count, flags));
}

ssize_t SystemCalls::RecvFrom(int fd, void* data, size_t size, int flags, sockaddr* from,
                              socklen_t* length) {
  return Negated(::recvfrom(fd, data, size, flags, from, length));
}

ssize_t SystemCalls::RecvMsg(int fd, msghdr* message, int flags) {
  return Negated(::recvmsg(fd, message, flags));
}

int SystemCalls::RecvMMsg(int fd, mmsghdr* messages, unsigned count, int flags) {
  return Negated(::recvmmsg(fd, messages, count, flags, nullptr));
}

int SystemCalls::EpollCreate1(int flags) { return Negated(::epoll_create1(flags)); }

int SystemCalls::EpollCtl(int epoll, int operation, int fd, epoll_event* event) {
  return Negated(::epoll_ctl(epoll, operation, fd, event));
}

int SystemCalls::EpollPwait2(int epoll, epoll_event* events, int max, const timespec* timeout) {
  return Negated(::epoll_pwait2(epoll, events, max, timeout, nullptr));
}

int SystemCalls::EpollWait(int epoll, epoll_event* events, int max, int milliseconds) {
  return Negated(::epoll_wait(epoll, events, max, milliseconds));
}

int SystemCalls::EventFd(unsigned value, int flags) { return Negated(::eventfd(value, flags)); }

int SystemCalls::TimerFdCreate(int clock, int flags) {
  return Negated(::timerfd_create(clock, flags));
}

int SystemCalls::TimerFdSetTime(int fd, int flags, const itimerspec* value) {
  return Negated(::timerfd_settime(fd, flags, value, nullptr));
}

ssize_t SystemCalls::Write(int fd, const void* data, size_t size) {
  return Negated(::write(fd, data, size));
}

int SystemCalls::ClockGetTime(clockid_t clock, timespec* now) {
  return Negated(::clock_gettime(clock, now));
}

int SystemCalls::GetIfAddrs(ifaddrs** list) { return Negated(::getifaddrs(list)); }

void SystemCalls::FreeIfAddrs(ifaddrs* list) { ::freeifaddrs(list); }

int SystemCalls::InterfaceMtu(int fd, ifreq* request) {
  return Negated(::ioctl(fd, SIOCGIFMTU, request));
}

char* SystemCalls::IfIndexToName(unsigned index, char* name) {
  return ::if_indextoname(index, name);
}

int SystemCalls::GetAddrInfo(const char* name, const addrinfo* hints, addrinfo** list, int* error) {
  const int result = ::getaddrinfo(name, nullptr, hints, list);
  *error = result == EAI_SYSTEM ? errno : 0;
  return result;
}

void SystemCalls::FreeAddrInfo(addrinfo* list) { ::freeaddrinfo(list); }

int SystemCalls::StartThread(void* (*body)(void*), void* argument) {
  // A new thread inherits the mask of the one that creates it.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = ::pthread_create(&thread, nullptr, body, argument);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) ::pthread_detach(thread);
  return -error;
}

}  // namespace pollux::linux_engine

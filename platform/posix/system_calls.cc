// SPDX-License-Identifier: Apache-2.0

#include "platform/posix/system_calls.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace pollux::posix {
namespace {

template <typename T>
T Negated(T result) {
  return result < 0 ? -errno : result;
}

int CloseOnExec(int fd) { return Negated(::fcntl(fd, F_SETFD, FD_CLOEXEC)); }

}  // namespace

SystemCalls::~SystemCalls() = default;

int SystemCalls::Socket(int domain, int type, int protocol) {
#if defined(SOCK_CLOEXEC)
  return Negated(::socket(domain, type | SOCK_CLOEXEC, protocol));
#else
  const int fd = ::socket(domain, type, protocol);
  if (fd < 0) return -errno;
  const int result = CloseOnExec(fd);
  if (result >= 0) return fd;
  ::close(fd);
  return result;
#endif
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

ssize_t SystemCalls::RecvFrom(int fd, void* data, size_t size, int flags, sockaddr* from,
                              socklen_t* length) {
  return Negated(::recvfrom(fd, data, size, flags, from, length));
}

ssize_t SystemCalls::RecvMsg(int fd, msghdr* message, int flags) {
  return Negated(::recvmsg(fd, message, flags));
}

ssize_t SystemCalls::SendMsgX(int fd, const BatchMessage* messages, unsigned count, int flags) {
  return SendMessages(fd, messages, count, flags);
}

ssize_t SystemCalls::RecvMsgX(int fd, BatchMessage* messages, unsigned count, int flags) {
  return ReceiveMessages(fd, messages, count, flags);
}

int SystemCalls::Poll(pollfd* entries, size_t count, int milliseconds) {
  return Negated(::poll(entries, static_cast<nfds_t>(count), milliseconds));
}

int SystemCalls::Pipe(int ends[2]) {
  int result = Negated(::pipe(ends));
  if (result < 0) return result;
  for (int i = 0; i < 2 && result >= 0; ++i) result = CloseOnExec(ends[i]);
  if (result >= 0) return 0;
  ::close(ends[0]);
  ::close(ends[1]);
  return result;
}

ssize_t SystemCalls::Read(int fd, void* data, size_t size) {
  return Negated(::read(fd, data, size));
}

ssize_t SystemCalls::Write(int fd, const void* data, size_t size) {
  return Negated(::write(fd, data, size));
}

int SystemCalls::ClockGetTime(clockid_t clock, timespec* now) {
  return Negated(::clock_gettime(clock, now));
}

#if POLLUX_HAS_KQUEUE
int SystemCalls::Kqueue() {
  const int fd = ::kqueue();
  if (fd < 0) return -errno;
  const int result = CloseOnExec(fd);
  if (result >= 0) return fd;
  ::close(fd);
  return result;
}

int SystemCalls::Kevent(int queue, const struct kevent* changes, int change_count,
                        struct kevent* events, int max, const timespec* timeout) {
  return Negated(::kevent(queue, changes, change_count, events, max, timeout));
}
#endif

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
  // Macros on some systems.
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const int error = ::pthread_create(&thread, nullptr, body, argument);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (error == 0) ::pthread_detach(thread);
  return -error;
}

}  // namespace pollux::posix

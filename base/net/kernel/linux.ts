// Numbers of the Linux ABI that x64 and arm64 share (asm-generic), named as in its headers.

export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const AF_PACKET = 17;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const IPPROTO_ICMP = 1;
export const NETLINK_ROUTE = 0;
export const RTMGRP_LINK = 0x1;
export const RTMGRP_IPV4_IFADDR = 0x10;

export const SOL_IP = 0;
export const SOL_SOCKET = 1;
export const SOL_UDP = 17;
export const SOL_IPV6 = 41;
export const SOL_RAW = 255;
export const SO_REUSEADDR = 2;
export const SO_BROADCAST = 6;
export const SO_SNDBUF = 7;
export const SO_RCVBUF = 8;
export const SO_REUSEPORT = 15;
export const SO_BINDTODEVICE = 25;
export const SO_ATTACH_FILTER = 26;
export const SO_SNDBUFFORCE = 32;
export const SO_RCVBUFFORCE = 33;
/** SO_TIMESTAMPNS_OLD: a timespec of two 64-bit words on 64-bit machines. */
export const SO_TIMESTAMPNS = 35;
export const SO_RXQ_OVFL = 40;
export const SO_ATTACH_REUSEPORT_CBPF = 51;
export const SO_MEMINFO = 55;
export const IP_PKTINFO = 8;
export const IPV6_V6ONLY = 26;
export const ICMP_FILTER = 1;
export const UDP_SEGMENT = 103;
export const UDP_GRO = 104;

export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const POLLIN = 0x1;
export const POLLOUT = 0x4;
export const CLOCK_REALTIME = 0;
export const PR_SET_TIMERSLACK = 29;
export const CLONE_NEWNET = 0x4000_0000;
export const LOCK_EX = 2;
export const LOCK_NB = 4;

export const SIOCGIFHWADDR = 0x8927;
export const SIOCGIFINDEX = 0x8933;

export const SOCKADDR_IN_BYTES = 16;
export const SOCKADDR_IN6_BYTES = 28;
export const SOCKADDR_LL_BYTES = 20;
export const SOCKADDR_NL_BYTES = 12;
export const TIMESPEC_BYTES = 16;
export const POLLFD_BYTES = 8;
export const IFREQ_BYTES = 40;
export const IFNAMSIZ = 16;

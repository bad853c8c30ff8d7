// How a server tells the gateway about sessions, so that a browser's script
// never sees a token: the gateway moves bytes and cannot read one in a message.
//
// A call that a browser sends through the gateway carries `kSessionCarrier:
// cookie`, which no client can add or take away there. A service that opens a
// session for such a call leaves the token out of its answer and sends it as
// initial metadata, with the seconds until it expires. One that ends the
// caller's own session sends 0 seconds and no token. The gateway makes a cookie
// of that once the call's status is OK, and passes none of it on.
#ifndef HOUSECALL_DISPATCHER_BASE_SESSION_METADATA_H_
#define HOUSECALL_DISPATCHER_BASE_SESSION_METADATA_H_

namespace housecall {

// In the request: who keeps the session.
inline constexpr char kSessionCarrier[] = "housecall-session-carrier";
inline constexpr char kCookieCarrier[] = "cookie";
// In the answer's initial metadata.
inline constexpr char kSessionToken[] = "housecall-session-token";
inline constexpr char kSessionSeconds[] = "housecall-session-seconds";

}  // namespace housecall

#endif  // HOUSECALL_DISPATCHER_BASE_SESSION_METADATA_H_

// Decisions on a call as somebody saw it.
import { equals } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { CallSchema, type Call } from "../gen/housecall/v1/call_pb";
import type { LiveBoard } from "./live_board";
import { calls, codeOf, settled } from "./rpc";

// Whether a call is as it was seen, but for what the planner writes of it all the
// time and nobody decides on: why it waits and when somebody comes. (That a crew is
// asked is a change.)
export function isAsSeen(call: Call, seen: Call): boolean {
  const known = (each: Call): Call => ({ ...each, etag: "", match: "", promise: undefined, derived: 0 });
  return equals(CallSchema, known(call), known(seen));
}

// Sends what was decided on a call as it was seen, whose etag the request names:
// the server refuses it if the call has changed since. Where it is still as it was
// seen, it is sent again.
export async function decideOn<T>(board: LiveBoard, seen: Call, send: (etag: string) => Promise<T>): Promise<T> {
  let { etag } = seen;
  for (let attempt = 1; ; attempt++) {
    try {
      return await settled(() => send(etag));
    } catch (error) {
      if (codeOf(error) !== Code.Aborted || attempt === 3) throw error;
      const fresh = await settled(() => calls.getCall({ name: seen.name }));
      board.put("call", fresh);
      if (!isAsSeen(fresh, seen)) throw error;
      etag = fresh.etag;
    }
  }
}

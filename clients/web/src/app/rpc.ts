// The API of the server that this page came from, by gRPC-Web. The session is
// the browser's cookie, so no script here ever sees its token.
import { Code, ConnectError, createClient, type CallOptions } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { BoardService } from "../gen/housecall/v1/board_service_pb";
import { CallService } from "../gen/housecall/v1/call_service_pb";
import { DirectoryService } from "../gen/housecall/v1/directory_service_pb";
import { NoteService } from "../gen/housecall/v1/note_service_pb";
import { PatientService } from "../gen/housecall/v1/patient_service_pb";
import { RotaService } from "../gen/housecall/v1/rota_service_pb";
import { SessionService } from "../gen/housecall/v1/session_service_pb";
import { VisitService } from "../gen/housecall/v1/visit_service_pb";
import { Verdict } from "../gen/housecall/v1/offer_pb";
import { RefusalReason, RefusalSchema } from "../gen/housecall/v1/refusal_pb";
import { fieldText } from "../text/fields";
import { verdictLabel } from "../text/labels";
import { catalogue } from "../text/language";
import { sentences } from "../text/marks";
import { refusalText } from "../text/refusals";

// How long one try of a unary call may take.
const tryTimeoutMs = 10_000;

export const transport = createGrpcWebTransport({
  baseUrl: location.origin,
  useBinaryFormat: true,
  defaultTimeoutMs: tryTimeoutMs,
  fetch: (input, init) => fetch(input, { ...init, credentials: "same-origin" }),
  interceptors: [
    (next) => async (request) => {
      try {
        return await next(request);
      } catch (error) {
        if (isSessionOver(error) && request.method.name !== "CreateSession") {
          sessionOver?.();
        }
        throw error;
      }
    },
  ],
});

export const board = createClient(BoardService, transport);
export const calls = createClient(CallService, transport);
export const directory = createClient(DirectoryService, transport);
export const notes = createClient(NoteService, transport);
export const patients = createClient(PatientService, transport);
export const rota = createClient(RotaService, transport);
export const sessions = createClient(SessionService, transport);
export const visits = createClient(VisitService, transport);

// For streams: no deadline.
export const untilClosed: CallOptions = { timeoutMs: 0 };

let sessionOver: (() => void) | undefined;

// What to do when the server says that the session is over.
export function onSessionOver(act: () => void): void {
  sessionOver = act;
}

// Streams end with an error where other calls begin with one: whoever reads one
// says so here. Returns whether the session is over.
export function noticeSessionOver(error: unknown): boolean {
  if (!isSessionOver(error)) return false;
  sessionOver?.();
  return true;
}

// A new id for one intention; the same at each of its retries.
export function newRequestId(): string {
  return crypto.randomUUID();
}

// A new id for a resource that this client names: "c" and 20 hex digits.
export function newId(letter: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return letter + Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

export function codeOf(error: unknown): Code {
  return ConnectError.from(error).code;
}

export function isSessionOver(error: unknown): boolean {
  return codeOf(error) === Code.Unauthenticated;
}

// Whether nobody knows if it happened: the same request is to be sent again.
// Unknown is what a browser makes of a lost connection, DataLoss of half an
// answer.
export function isUncertain(error: unknown): boolean {
  const code = codeOf(error);
  return (
    code === Code.Unavailable || code === Code.DeadlineExceeded || code === Code.Unknown ||
    code === Code.DataLoss
  );
}

// Whether the server has no room for it now: the same request is taken later.
// (Too large a request has the same code, and never is.) The gateway knows no
// messages, so it has no reason to give but in words; a proxy's 429 is
// Unavailable here.
export function isBusy(error: unknown): boolean {
  const failure = ConnectError.from(error);
  if (failure.code !== Code.ResourceExhausted) return false;
  const [refusal] = failure.findDetails(RefusalSchema);
  if (refusal) return refusal.reasons.includes(RefusalReason.TOO_BUSY);
  return failure.rawMessage.includes("try again");
}

// Sends one request, and the same again while its outcome is unknown: at most
// three times over some seconds. The request must carry its request_id.
export async function settled<T>(send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await send();
    } catch (error) {
      if (!isUncertain(error) || attempt === 3) throw error;
      await new Promise((resume) => setTimeout(resume, attempt * 700));
    }
  }
}

// Reads every page of a list.
export async function allPages<P extends { nextPageToken: string }, T>(
  read: (pageToken: string) => Promise<P>,
  rows: (page: P) => T[],
): Promise<T[]> {
  const result: T[] = [];
  for (let token = ""; ; ) {
    const page = await settled(() => read(token));
    result.push(...rows(page));
    token = page.nextPageToken;
    if (!token) return result;
  }
}

const t = catalogue({
  offline: ["サーバーにつながりません", "The server cannot be reached"],
  uncertain: [
    "結果が分かりません。同じ内容をもう一度送ってください（二重にはなりません）",
    "It may or may not have happened. Send the same again: it will not count twice",
  ],
  refused_now: ["今の状態では受け付けられません", "Not possible as things stand"],
  changed: [
    "ほかの人が先に変更しました。最新の内容を確認してください",
    "Somebody else changed it first. Look at it again",
  ],
  wrong: ["入力を確認してください", "Something in it is wrong"],
  wrong_field: ["「{field}」の入力を確認してください", "Look at “{field}” again"],
  forbidden: ["この操作は許可されていません", "You may not do this"],
  not_found: ["見つかりません", "Not found"],
  taken: ["そのIDは使われています", "That id is taken"],
  login: ["もう一度ログインしてください", "Log in again"],
  full: ["混み合っています。少し待ってからやり直してください", "Busy. Wait a little and try again"],
  fault: ["サーバーで問題が起きました", "The server has a problem"],
});

// Why something did not happen, in a form that can be kept: the words are made
// when it is shown, in the language of that moment.
export interface Failure {
  readonly code: Code;
  readonly reasons: readonly number[];
  readonly verdict: number;
  readonly field: string;
  // The server's own words, for those who look after it.
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  const failure = ConnectError.from(error);
  const [refusal] = failure.findDetails(RefusalSchema);
  return {
    code: failure.code,
    reasons: refusal?.reasons ?? [],
    verdict: refusal?.verdict ?? Verdict.UNSPECIFIED,
    field: refusal?.field ?? "",
    message: failure.rawMessage,
  };
}

// What a failure means for the person in front of the screen.
export function sentenceOf(failure: Failure): string {
  const reasons = failure.reasons.map(refusalText).filter(Boolean);
  if (failure.verdict !== Verdict.UNSPECIFIED) reasons.push(verdictLabel(failure.verdict));
  if (reasons.length > 0) return sentences(reasons);
  switch (failure.code) {
    case Code.Unknown:
    case Code.Unavailable:
      return t("offline");
    case Code.DeadlineExceeded:
      return t("uncertain");
    case Code.FailedPrecondition:
      return t("refused_now");
    case Code.Aborted:
      return t("changed");
    case Code.InvalidArgument:
    case Code.OutOfRange: {
      const field = fieldText(failure.field);
      return field ? t("wrong_field", { field }) : t("wrong");
    }
    case Code.PermissionDenied:
      return t("forbidden");
    case Code.NotFound:
      return t("not_found");
    case Code.AlreadyExists:
      return t("taken");
    case Code.Unauthenticated:
      return t("login");
    case Code.ResourceExhausted:
      return t("full");
    case Code.Canceled:
    case Code.DataLoss:
    case Code.Internal:
    case Code.Unimplemented:
      return t("fault");
  }
}

// The server's own words, in English, where the sentence cannot say enough: for
// whoever asks for help. "" otherwise.
export function detailOf(failure: Failure): string {
  const { code, message } = failure;
  const isSaid =
    failure.reasons.some((reason) => refusalText(reason)) ||
    code === Code.Unknown || code === Code.Unavailable || code === Code.DeadlineExceeded ||
    code === Code.Aborted || code === Code.Unauthenticated;
  return isSaid ? "" : message;
}

// What the values of the API's enumerations are called. The compiler refuses
// a value without words in both languages.
import {
  CallSource,
  CallState,
  CancelState,
  Disposition,
  EmergencyDecision,
  NotFoundStep,
  Outcome,
  RedFlag,
} from "../gen/housecall/v1/call_pb";
import { CarState, OrganizationKind } from "../gen/housecall/v1/directory_pb";
import { EventKind } from "../gen/housecall/v1/event_pb";
import { DeliveryState, SendResult, TaskKind } from "../gen/housecall/v1/note_pb";
import { Answer, OfferState, Verdict, WaitReason } from "../gen/housecall/v1/offer_pb";
import {
  CareRole,
  DeviceKind,
  PlaceOfDeathWish,
  ResuscitationWish,
  Sex,
  TransportWish,
} from "../gen/housecall/v1/patient_pb";
import { OverrideKind } from "../gen/housecall/v1/rota_pb";
import { ChannelKind, Role, Skill, Urgency } from "../gen/housecall/v1/types_pb";
import { AssignmentState, FeeBand } from "../gen/housecall/v1/visit_pb";
import { say, type Words } from "./language";

type WordsOf<E> = Record<Exclude<keyof E, "UNSPECIFIED">, Words>;

export interface Label {
  // A value in words; "" for one that has none.
  (value: number): string;
  // Whether a text is what the value is called in either language.
  readonly says: (value: number, text: string) => boolean;
}

export function label<E extends Record<string, string | number>>(type: E, words: WordsOf<E>): Label {
  const of = (value: number) => words[type[value] as Exclude<keyof E, "UNSPECIFIED">] as Words | undefined;
  return Object.assign((value: number) => {
    const found = of(value);
    return found ? say(found) : "";
  }, { says: (value: number, text: string) => of(value)?.includes(text) ?? false });
}

export const callSourceLabel = label(CallSource, {
  CLIENT: ["依頼者の画面から", "by the requester's screen"],
  PHONE: ["電話", "by telephone"],
  PAPER: ["紙の控え", "from paper"],
});

export const callStateLabel = label(CallState, {
  RECEIVED: ["トリアージ待ち", "to be triaged"],
  TRIAGED: ["トリアージ済", "triaged"],
  SCHEDULED: ["予約", "scheduled"],
  MATCHING: ["医師を手配中", "finding a crew"],
  OFFERED: ["医師に打診中", "asking a crew"],
  ACCEPTED: ["担当決定", "crew found"],
  EN_ROUTE: ["向かっています", "on the way"],
  ON_SCENE: ["到着", "arrived"],
  DEPARTED_SCENE: ["往診終了・記録待ち", "left, note due"],
  NOTE_SENT: ["記録送付済", "note sent"],
  CLOSED: ["終了", "closed"],
  ON_HOLD: ["保留", "on hold"],
  EMERGENCY_119: ["119", "119"],
  NOT_FOUND: ["患者不在", "patient not found"],
  MERGED: ["統合済", "merged"],
  CANCELLED: ["取消し", "cancelled"],
});

export const dispositionLabel = label(Disposition, {
  VISIT: ["往診", "visit"],
  ADVICE: ["電話助言", "advice"],
  ONLINE: ["オンライン診療", "online"],
  HOSPITAL_TRANSFER: ["病院搬送", "hospital transfer"],
  EMERGENCY_119: ["119", "119"],
});

export const redFlagLabel = label(RedFlag, {
  NOT_BREATHING: ["呼吸なし", "not breathing"],
  UNCONSCIOUS: ["意識なし", "unconscious"],
  CHEST_PAIN_WITH_SWEATING: ["冷汗を伴う胸痛", "chest pain with sweating"],
  MASSIVE_BLEEDING: ["大量出血", "massive bleeding"],
  STROKE_SIGNS: ["脳卒中の徴候", "stroke signs"],
});

export const outcomeLabel = label(Outcome, {
  VISITED: ["往診済", "visited"],
  ADVICE_GIVEN: ["電話助言", "advice given"],
  SEEN_ONLINE: ["オンライン診療", "seen online"],
  TRANSFERRED: ["病院へ", "transferred"],
  EMERGENCY_119: ["119", "119"],
  CANCELLED: ["取消し", "cancelled"],
  MERGED: ["統合", "merged"],
  PATIENT_NOT_FOUND: ["患者不在", "patient not found"],
});

export const emergencyDecisionLabel = label(EmergencyDecision, {
  UNDECIDED: ["未定", "undecided"],
  GO_ON: ["続行", "go on"],
  PHONE_SUPPORT: ["電話支援", "phone support"],
  STAND_DOWN: ["引返し", "stand down"],
});

export const cancelStateLabel = label(CancelState, {
  REQUESTED: ["申出中", "requested"],
  APPROVED: ["承認", "approved"],
  REFUSED: ["不承認", "refused"],
});

export const notFoundStepLabel = label(NotFoundStep, {
  PHONE_PATIENT: ["患者に電話", "phone patient"],
  PHONE_FAMILY: ["家族に電話", "phone family"],
  PHONE_KEY_HOLDER: ["鍵の所持者に電話", "phone key holder"],
  PHONE_REQUESTER: ["依頼者に電話", "phone requester"],
});

export const organizationKindLabel = label(OrganizationKind, {
  CLINIC: ["診療所", "clinic"],
  HOSPITAL: ["病院", "hospital"],
  NURSE_STATION: ["訪問看護ステーション", "nurse station"],
  CARE_MANAGEMENT_OFFICE: ["居宅介護支援事業所", "care management office"],
  FACILITY: ["施設", "facility"],
  PHARMACY: ["薬局", "pharmacy"],
  PLATFORM: ["運営会社", "platform"],
  CENTER_OFFICE: ["センター事務局", "center office"],
});

export const carStateLabel = label(CarState, {
  AVAILABLE: ["使用可", "available"],
  BROKEN_DOWN: ["故障", "broken down"],
  OUT_OF_SERVICE: ["整備中", "out of service"],
});

export const eventKindLabel = label(EventKind, {
  CENTER_CHANGED: ["センターを変更", "center changed"],
  ORGANIZATION_CHANGED: ["機関を変更", "organization changed"],
  PERSON_CHANGED: ["人を変更", "person changed"],
  ACCOUNT_CHANGED: ["アカウントを変更", "account changed"],
  SESSION_OPENED: ["ログイン", "session opened"],
  SESSION_REVOKED: ["ログアウト", "session revoked"],
  PASSWORD_REFUSED: ["パスワード誤り", "password refused"],
  CAR_CHANGED: ["車を変更", "car changed"],
  PATIENT_CHANGED: ["カードを変更", "patient changed"],
  ACP_RECORDED: ["ACPを記録", "acp recorded"],
  SHIFT_CHANGED: ["勤務枠を変更", "shift changed"],
  OVERRIDE_CHANGED: ["例外を変更", "override changed"],
  DUTY_BEGAN: ["勤務開始", "duty began"],
  DUTY_ENDED: ["勤務終了", "duty ended"],
  POSITION_REPORTED: ["位置の報告", "position reported"],
  CALL_RECEIVED: ["依頼を受付", "call received"],
  CALL_FOLLOWED: ["関係者が加わる", "call followed"],
  CALL_TRIAGED: ["トリアージ", "call triaged"],
  CALL_SCHEDULED: ["時間を約束", "call scheduled"],
  CALL_MATCHING: ["手配開始", "call matching"],
  CALL_HELD: ["保留", "call held"],
  CALL_RESUMED: ["再開", "call resumed"],
  FACT_ADDED: ["情報を追加", "fact added"],
  PLACE_CORRECTED: ["場所を訂正", "place corrected"],
  CALL_MERGED: ["統合", "call merged"],
  CALL_UNMERGED: ["統合を解除", "call unmerged"],
  CALL_CANCELLED: ["取消し", "call cancelled"],
  CANCEL_REQUESTED: ["取消しの申出", "cancel requested"],
  CANCEL_ANSWERED: ["取消しの回答", "cancel answered"],
  EMERGENCY_RAISED: ["119の通報", "emergency raised"],
  EMERGENCY_DECIDED: ["119後の判断", "emergency decided"],
  CARE_TEAM_CHANGED: ["ケアチームを設定", "care team changed"],
  DISTANCE_EXCEPTION_GRANTED: ["16km超を許可", "distance exception granted"],
  REQUESTER_INFORMED: ["依頼者に報告", "requester informed"],
  CALL_CLOSED: ["終了", "call closed"],
  CALL_UNMATCHED: ["候補なし", "call unmatched"],
  VISIT_OFFERED: ["打診", "visit offered"],
  OFFER_RUNG_AGAIN: ["再呼出", "offer rung again"],
  OFFER_ANSWERED: ["一方が承諾", "offer answered"],
  OFFER_DECLINED: ["辞退", "offer declined"],
  OFFER_EXPIRED: ["無応答", "offer expired"],
  OFFER_WITHDRAWN: ["打診を取下げ", "offer withdrawn"],
  OFFER_ACCEPTED: ["担当決定", "crew found"],
  ASSIGNMENT_RELEASED: ["出動を解除", "assignment released"],
  DEPARTURE_NUDGED: ["出発を催促", "departure nudged"],
  ESTIMATE_CHANGED: ["到着予定を更新", "estimate changed"],
  CAR_REPLACED: ["車を交替", "car replaced"],
  CAR_LOST: ["車を失う", "car lost"],
  CAR_DEPARTED: ["出発", "car departed"],
  PHYSICIAN_PICKED_UP: ["医師が乗車", "physician picked up"],
  CREW_ARRIVED: ["到着", "crew arrived"],
  TREATMENT_STARTED: ["診療開始", "treatment started"],
  TREATMENT_ENDED: ["診療終了", "treatment ended"],
  CREW_LEFT: ["退出", "crew left"],
  PATIENT_NOT_FOUND: ["患者不在", "patient not found"],
  NOT_FOUND_STEP_TAKEN: ["不在の確認", "not found step taken"],
  PATIENT_FOUND: ["患者を確認", "patient found"],
  HOURS_CONFIRMED: ["勤務時間を確認", "hours confirmed"],
  NOTE_DRAFTED: ["記録を下書き", "note drafted"],
  NOTE_SIGNED: ["記録に署名", "note signed"],
  DELIVERY_ATTEMPTED: ["送信", "delivery attempted"],
  DELIVERY_RETRIED: ["送付をやり直し", "delivery retried"],
  DELIVERY_RECEIVED: ["受領", "delivery received"],
  DELIVERY_OVERDUE: ["受領期限を超過", "delivery overdue"],
  NOTE_QUESTIONED: ["記録への質問", "note questioned"],
  TASK_RAISED: ["要対応が発生", "task raised"],
  TASK_ACKNOWLEDGED: ["要対応を確認", "task acknowledged"],
  TASK_RESOLVED: ["要対応を完了", "task resolved"],
  DELIVERY_BEGAN: ["送付を開始", "delivery began"],
  VISIT_RECORDED: ["紙の往診記録を入力", "visit entered from paper"],
  ARRIVAL_PROMISED: ["到着時刻を案内", "arrival promised"],
  STANDBY_ADVISED: ["待機場所を案内", "standby advised"],
});

export const deliveryStateLabel = label(DeliveryState, {
  PENDING: ["送信待ち", "pending"],
  AWAITING_RECEIPT: ["受領待ち", "awaiting receipt"],
  RECEIVED: ["受領済", "received"],
  FAILED: ["不達", "failed"],
});

export const sendResultLabel = label(SendResult, {
  DELIVERED: ["届きました", "delivered"],
  TRANSIENT: ["一時的な失敗", "failed for now"],
  PERMANENT: ["受信拒否", "refused for good"],
});

export const taskKindLabel = label(TaskKind, {
  RED_FLAGS: ["危険な徴候", "red flags"],
  TRIAGE_OVERDUE: ["トリアージ遅れ", "triage overdue"],
  NO_CANDIDATE: ["候補なし", "no candidate"],
  NO_ANSWER: ["応答なし", "no answer"],
  NOT_MOVING: ["出発しない", "not moving"],
  EMERGENCY_119: ["119", "119"],
  CANCEL_REQUEST: ["取消しの申出", "cancel request"],
  PATIENT_NOT_FOUND: ["患者不在", "patient not found"],
  CAR_BROKEN_DOWN: ["車の故障", "car broken down"],
  DRIVER_MISSING: ["運転手不在", "driver missing"],
  TARGET_AT_RISK: ["目標に遅れそう", "target at risk"],
  RETRIAGE: ["再トリアージ", "retriage"],
  SURGE: ["繁忙", "surge"],
  CARE_TEAM_UNKNOWN: ["ケアチーム不明", "care team unknown"],
  DELIVERY_FAILED: ["記録の不達", "delivery failed"],
  DELIVERY_OVERDUE: ["受領期限超過", "delivery overdue"],
  NOTE_QUESTION: ["記録への質問", "note question"],
  COVERAGE_GAP: ["輪番の空き", "coverage gap"],
  PLACE_UNREACHABLE: ["道が通じない", "place unreachable"],
  VISIT_OVERDUE: ["往診未完了", "visit overdue"],
});

export const offerStateLabel = label(OfferState, {
  PENDING: ["回答待ち", "pending"],
  ACCEPTED: ["承諾", "accepted"],
  DECLINED: ["辞退", "declined"],
  EXPIRED: ["無応答", "expired"],
  WITHDRAWN: ["取下げ", "withdrawn"],
});

export const waitReasonLabel = label(WaitReason, {
  NOBODY: ["行ける医師と車が勤務中にいません", "Nobody on duty may go to it"],
  ALL_BUSY: ["行ける担当は出動中です。空きしだい向かいます", "Those who may go are busy; one of them comes next"],
  LATER_CREW_COSTS_LESS: ["まもなく空く担当のほうが全体として早く着きます", "A crew that will soon be free is better for all"],
  KEPT_FREE: ["緊急の依頼に備えて、担当を1組空けています", "A crew is kept free for urgent calls"],
});

export const verdictLabel = label(Verdict, {
  CHOSEN: ["選定", "chosen"],
  LATER_ARRIVAL: ["到着が遅い", "arrives later"],
  HIGHER_COST: ["他の点で不利", "costs more"],
  NOT_ON_DUTY: ["勤務に就いていない", "not on duty"],
  NOT_ON_ROTA: ["輪番外", "not on rota"],
  RESERVE: ["予備", "on the reserve"],
  NO_CONTRACT: ["契約なし", "no contract"],
  MISSING_SKILL: ["専門外", "missing skill"],
  BEYOND_DISTANCE: ["16km超", "clinic too far"],
  SHIFT_ENDS_BEFORE: ["勤務が先に終わる", "shift ends before"],
  DECLINED: ["辞退した", "declined"],
  UNANSWERED: ["応答しなかった", "did not answer"],
  EXCLUDED: ["除外", "excluded"],
  BUSY: ["出動中・打診中", "busy"],
  USED_FOR_OTHER_CALL: ["他の依頼へ", "used for other call"],
  NO_CAR: ["車がない", "no car"],
  CAR_BROKEN_DOWN: ["車の故障", "car broken down"],
  NO_POSITION: ["位置不明", "no position"],
  UNREACHABLE: ["道が通じない", "unreachable"],
  NO_SEAT: ["座席がない", "no seat"],
  REST_RULES: ["休息不足", "rest rules"],
  LATER_CREW_COSTS_LESS: ["後で空く組が有利", "a later crew costs less"],
  KEPT_FREE: ["緊急に備え待機", "kept free for urgent calls"],
});

export const answerLabel = label(Answer, {
  NONE: ["未回答", "none"],
  ACCEPTED: ["承諾", "accepted"],
  DECLINED: ["辞退", "declined"],
});

export const careRoleLabel = label(CareRole, {
  PRIMARY_CLINIC: ["主治医の医院", "primary clinic"],
  NURSE_STATION: ["訪問看護", "nurse station"],
  CARE_MANAGER: ["介護支援専門員", "care manager"],
  FACILITY: ["施設", "facility"],
  PHARMACY: ["薬局", "pharmacy"],
  HOSPITAL: ["病院", "hospital"],
});

export const deviceKindLabel = label(DeviceKind, {
  VENTILATOR: ["人工呼吸器", "ventilator"],
  OXYGEN: ["在宅酸素", "oxygen"],
  SUCTION: ["吸引器", "suction"],
  INFUSION_PUMP: ["輸液ポンプ", "infusion pump"],
  CATHETER: ["カテーテル", "catheter"],
  FEEDING_TUBE: ["経管栄養", "feeding tube"],
  OTHER: ["その他", "other"],
});

export const resuscitationWishLabel = label(ResuscitationWish, {
  UNDECIDED: ["未定", "undecided"],
  ATTEMPT: ["希望する", "attempt"],
  DO_NOT_ATTEMPT: ["希望しない(DNAR)", "do not attempt (DNAR)"],
});

export const transportWishLabel = label(TransportWish, {
  UNDECIDED: ["未定", "undecided"],
  TRANSPORT: ["搬送を希望", "transport"],
  STAY_AT_HOME: ["自宅を希望", "stay at home"],
});

export const placeOfDeathWishLabel = label(PlaceOfDeathWish, {
  UNDECIDED: ["未定", "undecided"],
  HOME: ["自宅", "home"],
  FACILITY: ["施設", "facility"],
  HOSPITAL: ["病院", "hospital"],
});

export const sexLabel = label(Sex, {
  FEMALE: ["女", "female"],
  MALE: ["男", "male"],
  OTHER: ["その他", "other"],
});

export const overrideKindLabel = label(OverrideKind, {
  ABSENCE: ["不在", "absence"],
  REPLACEMENT: ["交代", "replacement"],
  ADDITION: ["追加", "addition"],
});

export const roleLabel = label(Role, {
  REQUESTER: ["依頼者", "requester"],
  OPERATOR: ["相談員", "operator"],
  PHYSICIAN: ["医師", "physician"],
  DRIVER: ["運転手", "driver"],
  CARE_TEAM: ["ケアチーム", "care team"],
  ADMINISTRATOR: ["管理者", "administrator"],
  MUNICIPALITY: ["市区町村", "municipality"],
  SYSTEM: ["システム", "system"],
});

export const urgencyLabel = label(Urgency, {
  URGENT: ["緊急", "urgent"],
  STANDARD: ["準緊急", "standard"],
  ROUTINE: ["通常", "routine"],
});

export const skillLabel = label(Skill, {
  GENERAL: ["総合", "general"],
  CHILD: ["小児", "child"],
  PALLIATIVE: ["緩和・看取り", "palliative"],
  DEMENTIA: ["認知症", "dementia"],
  PSYCHIATRY: ["精神", "psychiatry"],
  WOUND: ["褥瘡・創傷", "wound"],
  CATHETER: ["カテーテル", "catheter"],
  VENTILATOR: ["人工呼吸器", "ventilator"],
});

export const channelKindLabel = label(ChannelKind, {
  INBOX: ["受信箱", "inbox"],
  WEBHOOK: ["ウェブフック", "webhook"],
});

export const assignmentStateLabel = label(AssignmentState, {
  ACCEPTED: ["承諾", "accepted"],
  EN_ROUTE: ["向かっています", "en route"],
  ON_SCENE: ["到着", "on scene"],
  FINISHED: ["終了", "finished"],
  RELEASED: ["解除", "released"],
  WAITING_FOR_CAR: ["車待ち", "waiting for car"],
});

export const feeBandLabel = label(FeeBand, {
  DAYTIME: ["日中", "daytime"],
  CONSULTATION_HOURS: ["診療時間内(緊急)", "consultation hours"],
  EVENING: ["夜間", "evening"],
  HOLIDAY: ["休日", "holiday"],
  DEEP_NIGHT: ["深夜", "deep night"],
});

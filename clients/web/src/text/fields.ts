// What the API's fields are called on the screens, for those that people fill in:
// so that a refusal can say which one is wrong.
import { say, type Words } from "./language";

const words: Readonly<Record<string, Words>> = {
  accuracy_meters: ["位置の精度", "accuracy"],
  active: ["登録", "registration"],
  address: ["住所", "address"],
  attendant: ["付添い", "who is with the patient"],
  base_position: ["車の待機場所", "the car's base"],
  birth_date: ["生年月日", "date of birth"],
  breaths_per_minute: ["呼吸数", "breaths"],
  call: ["依頼", "call"],
  callback_phone: ["折返しの電話", "call-back phone"],
  car: ["車", "car"],
  care_team: ["届け先", "care team"],
  complaint: ["何が起きたか", "what happened"],
  decision: ["判断", "decision"],
  device_time: ["端末の時計", "this device's clock"],
  diastolic_mmhg: ["血圧（下）", "diastolic pressure"],
  display_name: ["名前", "name"],
  disposition: ["対応", "disposition"],
  driver: ["運転手", "driver"],
  end_time: ["終了の時刻", "end"],
  entry_notes: ["入り方", "getting in"],
  fax: ["FAX", "fax"],
  into: ["残す依頼", "the call that stays"],
  judgement: ["なぜ今夜か", "why tonight"],
  kind: ["種類", "kind"],
  name: ["ID", "id"],
  onset: ["いつから", "since when"],
  organization: ["機関", "organization"],
  outcome: ["結果", "outcome"],
  oxygen_saturation_percent: ["SpO2", "SpO2"],
  password: ["パスワード", "password"],
  new_password: ["新しいパスワード", "new password"],
  patient: ["患者さん", "patient"],
  person: ["人", "person"],
  phone: ["電話", "phone"],
  physician: ["医師", "physician"],
  place: ["場所", "place"],
  position: ["位置（緯度・経度）", "position"],
  primary_clinic: ["主治医の医院", "primary clinic"],
  pulse_per_minute: ["脈拍", "pulse"],
  reason: ["理由", "reason"],
  receiver_name: ["受け取った人", "who received it"],
  replacement: ["代わりの人", "replacement"],
  role: ["役割", "role"],
  roles: ["役割", "roles"],
  schedule: ["約束の時間", "the agreed time"],
  seats: ["座席", "seats"],
  short_patient: ["患者さんの名前", "the patient's name"],
  start_time: ["開始の時刻", "start"],
  systolic_mmhg: ["血圧（上）", "systolic pressure"],
  temperature_celsius: ["体温", "temperature"],
  text: ["本文", "text"],
  until_time: ["いつまで", "until"],
  urgency: ["緊急度", "urgency"],
};

// Of a path such as "place.position" or "shift.end_time"; undefined: it has no
// words, because no form asks for it.
export function fieldText(path: string): string | undefined {
  const last = path.slice(path.lastIndexOf(".") + 1).replace(/\[\d*\]$/, "");
  const found = words[last];
  return found && say(found);
}

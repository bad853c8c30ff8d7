// The signs for which 119 comes before anything else.
import { RedFlag } from "../gen/housecall/v1/call_pb";

export const redFlags = [
  RedFlag.NOT_BREATHING,
  RedFlag.UNCONSCIOUS,
  RedFlag.CHEST_PAIN_WITH_SWEATING,
  RedFlag.MASSIVE_BLEEDING,
  RedFlag.STROKE_SIGNS,
] as const;

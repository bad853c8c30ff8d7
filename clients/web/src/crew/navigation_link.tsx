// Hands a place over to the phone's own navigation.
import type { LatLng } from "../gen/housecall/v1/types_pb";
import { LinkButton } from "../ui/parts";
import { t } from "./texts";

export function NavigationLink({ position }: { position: LatLng }) {
  const isApple = /iPhone|iPad|Macintosh/.test(navigator.userAgent);
  const target = `${position.latitude.toFixed(6)},${position.longitude.toFixed(6)}`;
  return (
    <LinkButton wide icon="map" href={isApple ? `maps://?daddr=${target}&dirflg=d` : `geo:${target}?q=${target}`}>
      {t("navigate")}
    </LinkButton>
  );
}

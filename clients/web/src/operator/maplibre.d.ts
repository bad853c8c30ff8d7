// The build of MapLibre that needs no inline worker has no types of its own.
declare module "maplibre-gl/dist/maplibre-gl-csp" {
  export * from "maplibre-gl";
  import maplibregl from "maplibre-gl";
  export default maplibregl;
}
declare module "maplibre-gl/dist/maplibre-gl-csp-worker?url" {
  const address: string;
  export default address;
}

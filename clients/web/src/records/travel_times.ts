// Where the server's travel times come from, by what it calls them.

// Whether it has no map, and estimates from the distance. (A road without a name
// is a road all the same.)
export function areStraightLines(travelTimes: string): boolean {
  return travelTimes.startsWith("straight line");
}

import { geoAlbersUsa, geoContains, geoMercator, geoPath, type GeoProjection } from 'd3-geo';
import { feature, mesh } from 'topojson-client';
import type { GeometryCollection, Topology } from 'topojson-specification';
import usAtlas from 'us-atlas/states-10m.json';
import { degreeLines, type Degree } from './degree-lines.ts';

interface Atlas extends Topology {
  objects: { states: GeometryCollection; nation: GeometryCollection };
}
const atlas = usAtlas as unknown as Atlas;
const land = feature(atlas, atlas.objects.nation);
const borders = mesh(atlas, atlas.objects.states, (a, b) => a !== b);
/** Fewer than 1.5 degrees apart the map would show a bare beach: zoom no closer. */
const closestDegrees = 1.5;
/** From coast to coast: the whole country. */
const countryDegrees = 30;
/** Mercator has no pole. */
const farthestNorth = 80;

type Place = readonly [longitude: number, latitude: number];

/** What lies below the sites of a map: the projection, the outlines as SVG paths, and lines of degrees where there is no outline. */
export interface SiteGround {
  readonly projection: GeoProjection;
  readonly land: string;
  readonly borders: string;
  /** '' where the outlines suffice. */
  readonly lines: string;
  readonly degrees: readonly (Degree & { readonly at: readonly [x: number, y: number] })[];
}

/**
 * A map fitted to the sites, within `edge` (px). In the United States it has the outlines of the states, and shows the whole country
 * where the sites stand from coast to coast, or there is none; elsewhere lines of degrees with their names.
 */
export function siteGround(sites: readonly Place[], edge: [[number, number], [number, number]]): SiteGround {
  const american = sites.filter((site) => geoContains(land, [...site])).length * 2 >= sites.length;
  const { west, east, south, north, middle } = boundsOf(sites);
  const country = american && (sites.length === 0 || east - west > countryDegrees);
  const corners = {
    type: 'MultiPoint' as const,
    coordinates: [
      [west, south],
      [east, north],
    ],
  };
  const projection = country
    ? geoAlbersUsa().fitExtent(edge, land)
    : geoMercator().rotate([-middle, 0]).fitExtent(edge, corners);
  const draw = geoPath(projection);
  const outlines = { projection, land: draw(land) ?? '', borders: draw(borders) ?? '' };
  if (american) return { ...outlines, lines: '', degrees: [] };
  const { lines, degrees } = degreeLines({ west, east, south, north });
  return {
    ...outlines,
    lines: draw(lines) ?? '',
    degrees: degrees.flatMap((degree) => {
      const at = projection(degree.place);
      return at === null ? [] : [{ ...degree, at }];
    }),
  };
}

/**
 * The box around the sites, at least 1.5 degrees each way. It is cut where the sites leave the widest gap, so that a chain on both
 * sides of the date line is drawn as one; `west` is then less than -180 or `east` more than 180.
 */
function boundsOf(sites: readonly Place[]): {
  west: number;
  east: number;
  south: number;
  north: number;
  middle: number;
} {
  const lons = sites.map(([lon]) => lon).toSorted((a, b) => a - b);
  let west = lons[0] ?? 0;
  let east = lons.at(-1) ?? 0;
  let widest = 360 - (east - west);
  lons.forEach((lon, index) => {
    const next = lons[index + 1];
    if (next === undefined || next - lon <= widest) return;
    widest = next - lon;
    [west, east] = [next, lon + 360];
  });
  const lats = sites.map(([, lat]) => Math.max(-farthestNorth, Math.min(farthestNorth, lat)));
  [west, east] = widen(west, east);
  const [south, north] = widen(Math.min(...lats, farthestNorth), Math.max(...lats, -farthestNorth));
  return { west, east, south, north, middle: (west + east) / 2 };
}

function widen(low: number, high: number): [number, number] {
  if (low > high) return [low, high];
  const missing = Math.max(0, closestDegrees - (high - low)) / 2;
  return [low - missing, high + missing];
}

import { Random } from './random.ts';

/** One store of the chain: a small PC with terminals, somewhere in Florida. */
export interface Store {
  readonly code: string;
  readonly name: string;
  readonly address: string;
  readonly city: string;
  readonly latitude: number;
  readonly longitude: number;
  readonly timeZone: string;
  readonly terminals: readonly string[];
  readonly cashiers: readonly string[];
  readonly processor: string;
  /** Orders an hour at the busiest time. */
  readonly ordersPerHour: number;
}

const eastern = 'America/New_York';
const central = 'America/Chicago';

/** City, latitude, longitude, weight in stores, time zone. */
const cities: readonly (readonly [string, number, number, number, string])[] = [
  ['Miami', 25.7617, -80.1918, 12, eastern],
  ['Hialeah', 25.8576, -80.2781, 4, eastern],
  ['Fort Lauderdale', 26.1224, -80.1373, 7, eastern],
  ['Hollywood', 26.0112, -80.1495, 3, eastern],
  ['Pembroke Pines', 26.0078, -80.2963, 2, eastern],
  ['Boca Raton', 26.3683, -80.1289, 3, eastern],
  ['West Palm Beach', 26.7153, -80.0534, 5, eastern],
  ['Port St. Lucie', 27.273, -80.3582, 2, eastern],
  ['Key West', 24.5551, -81.78, 2, eastern],
  ['Naples', 26.142, -81.7948, 3, eastern],
  ['Fort Myers', 26.6406, -81.8723, 4, eastern],
  ['Cape Coral', 26.5629, -81.9495, 2, eastern],
  ['Sarasota', 27.3364, -82.5307, 3, eastern],
  ['Bradenton', 27.4989, -82.5748, 2, eastern],
  ['Tampa', 27.9506, -82.4572, 9, eastern],
  ['St. Petersburg', 27.7676, -82.6403, 5, eastern],
  ['Clearwater', 27.9659, -82.8001, 3, eastern],
  ['Lakeland', 28.0395, -81.9498, 3, eastern],
  ['Orlando', 28.5383, -81.3792, 9, eastern],
  ['Kissimmee', 28.292, -81.4076, 3, eastern],
  ['Melbourne', 28.0836, -80.6081, 2, eastern],
  ['Daytona Beach', 29.2108, -81.0228, 3, eastern],
  ['Ocala', 29.1872, -82.1401, 2, eastern],
  ['Gainesville', 29.6516, -82.3248, 3, eastern],
  ['St. Augustine', 29.9012, -81.3124, 1, eastern],
  ['Jacksonville', 30.3322, -81.6557, 8, eastern],
  ['Tallahassee', 30.4383, -84.2807, 4, eastern],
  ['Panama City', 30.1588, -85.6602, 2, central],
  ['Destin', 30.3935, -86.4958, 1, central],
  ['Pensacola', 30.4213, -87.2169, 4, central],
];

const streets = [
  'Bay Street',
  'Ocean Drive',
  'Main Street',
  'Palm Avenue',
  'Orange Avenue',
  'Harbor Road',
  'Flagler Street',
  'Gulf Boulevard',
  'Lake Road',
  'Sunset Drive',
];
const cashierNames = ['jane', 'luis', 'maria', 'tom', 'aisha', 'kevin', 'rosa', 'dan', 'mei', 'carlos', 'nina', 'pete'];
const processors = ['northpay', 'suncard'];

/** The first `count` stores of the chain; the same ones each time. */
export function makeStores(count: number): Store[] {
  const byWeight = cities.flatMap((city) => Array.from({ length: city[3] }, () => city));
  return Array.from({ length: count }, (_, index) => {
    const random = new Random(1000 + index);
    const code = `STORE_${String(index + 1).padStart(3, '0')}`;
    const [city, latitude, longitude, , timeZone] = byWeight[(index * 37) % byWeight.length] ?? cities[0]!;
    const street = random.pick(streets);
    return {
      code,
      name: `${city} ${street}`,
      address: `${random.whole(100, 9900)} ${street}`,
      city,
      latitude: Number((latitude + random.between(-0.08, 0.08)).toFixed(4)),
      longitude: Number((longitude + random.between(-0.08, 0.08)).toFixed(4)),
      timeZone,
      terminals: Array.from({ length: random.whole(2, 4) }, (_unused, t) => `TERM_${String(t + 1).padStart(2, '0')}`),
      cashiers: Array.from({ length: 4 }, () => `cashier_${random.pick(cashierNames)}`),
      processor: processors[index % 3 === 0 ? 1 : 0] ?? 'northpay',
      ordersPerHour: random.whole(45, 130),
    };
  });
}

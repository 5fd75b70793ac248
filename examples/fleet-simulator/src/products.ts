/** SKU, name, price in cents. */
export const products: readonly (readonly [string, string, number])[] = [
  ['SKU-1042', 'Bourbon 750 ml', 3299],
  ['SKU-1077', 'Vodka 1 l', 2199],
  ['SKU-1101', 'Cabernet Sauvignon', 1699],
  ['SKU-1133', 'Lager 12-pack', 1599],
  ['SKU-1180', 'Tequila reposado', 4499],
  ['SKU-1212', 'Prosecco', 1399],
  ['SKU-1240', 'Gin 750 ml', 2799],
  ['SKU-1275', 'Hard seltzer 8-pack', 1249],
  ['SKU-1301', 'Single malt 12 y', 6499],
  ['SKU-1333', 'Pinot noir', 1899],
];

/** Storages by torch._export.serde.schema.ScalarType, whose numbers are not those that ops get. */
const STORAGES: Readonly<Record<number, string>> = {
  ...{ 1: 'Byte', 2: 'Char', 3: 'Short', 4: 'Int', 5: 'Long', 6: 'Half', 7: 'Float', 8: 'Double' },
  ...{ 9: 'ComplexHalf', 10: 'ComplexFloat', 11: 'ComplexDouble', 12: 'Bool', 13: 'BFloat16' },
};
const NAMES: Readonly<Record<number, string>> = {
  ...{ 28: 'uint16', 29: 'float8_e4m3fn', 30: 'float8_e5m2', 31: 'float8_e4m3fnuz', 32: 'float8_e5m2fnuz' },
  ...{ 33: 'float8_e8m0fnu', 34: 'uint32', 35: 'uint64' },
};
const BFLOAT16 = 13;

/** torch's own number of a dtype, which ops take: c10::ScalarType. */
export function dtypeNumber(scalarType: number): number | undefined {
  if (scalarType === BFLOAT16) return 15;
  return scalarType >= 1 && scalarType <= 12 ? scalarType - 1 : undefined;
}

/** FloatStorage, LongStorage..; what torch has that no storage here holds by its name. */
export function storageType(scalarType: number): string {
  const known = STORAGES[scalarType];
  return known === undefined ? (NAMES[scalarType] ?? `scalar type ${scalarType}`) : `${known}Storage`;
}

import { expect, test } from 'vitest';
import { z } from 'zod';
import { plainFault } from './plain-fault.ts';

const schema = z.object({
  email: z.email(),
  name: z.string().min(1),
  password: z.string().min(10),
  note: z.string().max(3),
  kinds: z.array(z.string()).min(1),
});

test.each([
  ['email', 'abc', 'Write the whole address, such as name@company.com.'],
  ['email', undefined, 'This is needed.'],
  ['name', '', 'This is needed.'],
  ['password', 'short', 'At least 10 characters.'],
  ['note', 'long', 'At most 3 characters.'],
  ['kinds', [], 'Choose at least one.'],
])('%s %j', (field, value, said) => {
  const faults = schema.safeParse({ [field]: value }).error?.issues ?? [];
  const fault = faults.find(({ path }) => path[0] === field);
  expect(plainFault(fault?.message ?? '')).toBe(said);
});

test('words of our own stay', () => {
  expect(plainFault('The password is not right')).toBe('The password is not right');
});

import { z } from 'zod';

export const schema = { a: z.number().describe('one'), b: z.number().describe('the other') };

export const metadata = { name: 'add', description: 'Adds two numbers.' };

export default async function add({ a, b }: { a: number; b: number }) {
  return `${a} + ${b} = ${a + b}`;
}

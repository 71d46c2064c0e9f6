import type { PipeTransform } from '@nestjs/common';
import { parseInput } from '#libs/contracts';
import type { z } from 'zod';

/** Checks a body, query or parameter at the edge; behind it, shapes are trusted. */
export class ZodPipe<Schema extends z.ZodType> implements PipeTransform<unknown, z.output<Schema>> {
  constructor(
    private readonly schema: Schema,
    private readonly source = 'request body',
  ) {}

  transform(value: unknown): z.output<Schema> {
    return parseInput(this.schema, value, this.source);
  }
}

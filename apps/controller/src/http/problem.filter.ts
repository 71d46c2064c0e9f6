import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { InputError, problemMediaType, type Problem } from '#libs/contracts';
import type { Request, Response } from 'express';
import { isDatabaseAway } from '../db/prisma.js';
import { ApiError } from './errors.js';

/** The one place where errors become HTTP (RFC 9457). Our own bugs are logged and answered without their inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('http');

  catch(error: unknown, host: ArgumentsHost): void {
    const request = host.switchToHttp().getRequest<Request>();
    const response = host.switchToHttp().getResponse<Response>();
    const problem = problemOf(error);
    if (problem.status === 500)
      this.logger.error(`${request.method} ${request.path}`, error instanceof Error ? error.stack : String(error));
    if (response.headersSent) {
      response.end();
      return;
    }
    response
      .status(problem.status)
      .type(problemMediaType)
      .send(JSON.stringify({ ...problem, instance: request.path }));
  }
}

function problemOf(error: unknown): Problem {
  if (error instanceof InputError)
    return { ...head(400, error.code, 'The request is not valid'), detail: error.message, issues: error.issues };
  if (error instanceof ApiError)
    return { ...head(error.status, error.code, titles[error.status] ?? 'Refused'), detail: error.message };
  if (isDatabaseAway(error))
    return { ...head(503, 'DATABASE_AWAY', 'Not ready'), detail: 'the database does not answer; try again shortly' };
  const status = statusOf(error);
  if (status !== undefined && status < 500)
    return {
      ...head(status, codes[status] ?? 'REFUSED', titles[status] ?? 'Refused'),
      detail: (error as Error).message,
    };
  return { ...head(500, 'INTERNAL', 'Our bug'), detail: 'the controller failed; its log has the reason' };
}

/** Of Nest's exceptions and of body-parser's errors (bad JSON, too large). */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const { status, expose } = error as { status?: unknown; expose?: unknown };
  return typeof status === 'number' && expose === true ? status : undefined;
}

function head(status: number, code: string, title: string): Omit<Problem, 'detail'> {
  return { type: 'about:blank', title, status, code };
}

const codes: Readonly<Record<number, string>> = { 400: 'BAD_INPUT', 404: 'NOT_FOUND', 413: 'TOO_LARGE' };

const titles: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'Who are you?',
  403: 'Not allowed',
  404: 'Not found',
  409: 'In conflict with what is',
  413: 'Too large',
  422: 'Not possible',
  503: 'Not ready',
};

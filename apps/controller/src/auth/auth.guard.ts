import { Injectable, SetMetadata, createParamDecorator, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { Clock } from '../config/parts.js';
import { PrismaClient, type ApiKey, type ApiScope, type Worker } from '../db/generated/client.js';
import { ApiError } from '../http/errors.js';
import { hashOf } from './credentials.js';

/** Who may call: everybody, the holder of a key with a scope, or a registered worker with its own token. */
type Access = 'PUBLIC' | 'REGISTERED_WORKER' | ApiScope;

const accessKey = 'access';

/** Every route says who may call it; one that says nothing is closed. */
export const Allow = (access: Access): MethodDecorator & ClassDecorator => SetMetadata(accessKey, access);

interface Caller {
  apiKey?: ApiKey;
  worker?: Worker;
}

export const CallerKey = createParamDecorator((_: unknown, context: ExecutionContext): ApiKey => {
  const { apiKey } = context.switchToHttp().getRequest<Caller>();
  if (apiKey === undefined) throw new Error('a route that reads the API key must be one for holders of a key');
  return apiKey;
});

export const CallerWorker = createParamDecorator((_: unknown, context: ExecutionContext): Worker => {
  const { worker } = context.switchToHttp().getRequest<Caller>();
  if (worker === undefined) throw new Error('a route that reads the worker must be one for registered workers');
  return worker;
});

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly prisma: PrismaClient,
    private readonly clock: Clock,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const access = this.reflector.getAllAndOverride<Access | undefined>(accessKey, [
      context.getHandler(),
      context.getClass(),
    ]);
    if (access === 'PUBLIC') return true;
    const request = context.switchToHttp().getRequest<Request & Caller>();
    const hash = hashOf(bearerOf(request));
    if (access === 'REGISTERED_WORKER') request.worker = await this.workerOf(hash);
    else request.apiKey = await this.keyOf(hash, access);
    return true;
  }

  private async workerOf(tokenHash: string): Promise<Worker> {
    const worker = await this.prisma.worker.findUnique({ where: { tokenHash } });
    if (worker === null)
      throw new ApiError(
        401,
        'UNKNOWN_TOKEN',
        'found a token of no registered worker, expected the one POST /workers/register answered',
      );
    return this.prisma.worker.update({ where: { id: worker.id }, data: { seenAt: this.clock.now() } });
  }

  private async keyOf(keyHash: string, scope: ApiScope | undefined): Promise<ApiKey> {
    const key = await this.prisma.apiKey.findUnique({ where: { keyHash } });
    if (key === null || key.revokedAt !== null)
      throw new ApiError(401, 'UNKNOWN_KEY', 'found a key that is unknown or revoked, expected a valid one');
    if (scope === undefined || !key.scopes.includes(scope))
      throw new ApiError(
        403,
        'SCOPE_MISSING',
        `found a key with the scopes ${key.scopes.join(', ')}, expected ${scope ?? 'none will do'}`,
      );
    return key;
  }
}

function bearerOf(request: Request): string {
  const [scheme, secret] = (request.headers.authorization ?? '').split(' ', 2);
  if (scheme?.toLowerCase() !== 'bearer' || secret === undefined || secret === '')
    throw new ApiError(401, 'NO_KEY', 'found no key, expected the header "Authorization: Bearer <key>"');
  return secret;
}

import { expect, it } from 'vitest';
import { InputError } from '#libs/contracts';
import { readConfig } from './config.js';

it('listens on loopback with an embedded database unless told otherwise, and cannot be changed after', () => {
  const config = readConfig({ DVFARM_HOME: '/srv/farm' });
  expect(config).toMatchObject({
    home: '/srv/farm',
    host: '127.0.0.1',
    port: 3000,
    databaseUrl: undefined,
    redisUrl: undefined,
  });
  expect(Object.isFrozen(config)).toBe(true);
});

it('takes an empty variable for one that is not set', () => {
  expect(readConfig({ DATABASE_URL: '', REDIS_URL: '', DVFARM_PORT: '' })).toMatchObject({
    databaseUrl: undefined,
    port: 3000,
  });
});

it.each([
  ['DVFARM_PORT', '70000', /DVFARM_PORT: found "70000", expected a value <= 65535/],
  ['DVFARM_PORT', 'http', /DVFARM_PORT: found "http", expected a number/],
  ['DATABASE_URL', 'mysql://x/y', /DATABASE_URL: found "mysql:\/\/x\/y", expected a URL such as postgresql:/],
  ['REDIS_URL', 'localhost:6379', /REDIS_URL: found "localhost:6379", expected a URL such as redis:/],
  ['GRAFANA_URL', 'grafana:3000', /GRAFANA_URL: found "grafana:3000", expected a URL such as http:/],
  ['DVFARM_LOG_FORMAT', 'xml', /DVFARM_LOG_FORMAT: found "xml", expected one of "text", "json"/],
])('names %s when it is %j', (name, value, message) => {
  expect(() => readConfig({ [name]: value })).toThrow(message);
  expect(() => readConfig({ [name]: value })).toThrow(InputError);
});

it('names every wrong variable at once', () => {
  expect(() => readConfig({ DVFARM_PORT: 'a', REDIS_URL: 'b' })).toThrow(/DVFARM_PORT[^]*REDIS_URL/);
});

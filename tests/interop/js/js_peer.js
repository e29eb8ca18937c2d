// The interop test service of grpc-js, server and client; run.py starts it with node 20, and with the modules that
// tools/setup peers-js installs below build/peers/js.
//
// usage: js_peer.js server --port N [--tls-cert F --tls-key F]
//        js_peer.js client --port N [--ca F --override NAME] CASE...
//        js_peer.js cases
//
// A key's values that came as several lines are echoed as one, joined: so does grpc-js with them.
// The client prints one line a case: "ok CASE" or "FAILED CASE: what was expected and what came".
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');
const { parseArgs } = require('node:util');

const ROOT = path.resolve(__dirname, '../../..');
const modules = createRequire(path.join(ROOT, 'build/peers/js/'));
const grpc = modules('@grpc/grpc-js');
const loader = modules('@grpc/proto-loader');

const INITIAL = 'x-grpc-test-echo-initial';
const TRAILING = 'x-grpc-test-echo-trailing-bin';
const COUNT = 'x-interop-count-cancelled';
const CANCELLED = 'x-interop-cancelled';
const LARGEST = 4089446; // 3.9 MiB: the message around it stays below the default limit
const MESSAGES = 10000;
const CALLS = 1000;
const TIMEOUT = 60; // seconds for a call that should end well

const definition = loader.loadSync('grpc/testing/test.proto', { includeDirs: [path.join(ROOT, 'protos')], keepCase: true, defaults: true });
const { TestService } = grpc.loadPackageDefinition(definition).grpc.testing;

// Server --------------------------------------------------------------------------------------------------------------

let cancelled = 0;

function trailersOf(call) {
  const initial = new grpc.Metadata();
  const trailing = new grpc.Metadata();
  for (const value of call.metadata.get(INITIAL)) initial.add(INITIAL, value);
  for (const value of call.metadata.get(TRAILING)) trailing.add(TRAILING, value);
  if (call.metadata.get(COUNT).length > 0) trailing.add(CANCELLED, String(cancelled));
  if (call.metadata.get(INITIAL).length > 0) call.sendMetadata(initial);
  return trailing;
}

function failureOf(request, metadata) {
  const status = request.response_status;
  return status && status.code ? { code: status.code, details: status.message, metadata } : null;
}

// Ends when the client has given up; made once for each call.
const givenUp = (call) => new Promise((resolve) => { call.once('cancelled', resolve); });

async function writeAll(call, request, over) {
  for (const parameters of request.response_parameters) {
    if (parameters.interval_us) {
      let timer;
      await Promise.race([over, new Promise((resolve) => { timer = setTimeout(resolve, parameters.interval_us / 1000); })]);
      clearTimeout(timer);
    }
    if (call.cancelled) return;
    if (!call.write({ payload: { body: Buffer.alloc(parameters.size) } })) {
      await Promise.race([over, new Promise((resolve) => { call.once('drain', resolve); })]);
    }
  }
}

const service = {
  EmptyCall(call, callback) { callback(null, {}, trailersOf(call)); },
  UnaryCall(call, callback) {
    const trailing = trailersOf(call);
    const failure = failureOf(call.request, trailing);
    if (failure) return callback(failure);
    callback(null, { payload: { body: Buffer.alloc(call.request.response_size) } }, trailing);
  },
  async StreamingOutputCall(call) {
    const trailing = trailersOf(call);
    call.on('cancelled', () => { cancelled += 1; });
    await writeAll(call, call.request, givenUp(call));
    if (!call.cancelled) call.end(trailing);
  },
  StreamingInputCall(call, callback) {
    const trailing = trailersOf(call);
    let total = 0;
    call.on('data', (request) => { total += request.payload ? request.payload.body.length : 0; });
    call.on('error', () => {});
    call.on('end', () => callback(null, { aggregated_payload_size: total }, trailing));
  },
  FullDuplexCall(call) {
    const trailing = trailersOf(call);
    const over = givenUp(call);
    // One request after the other.
    let work = Promise.resolve();
    let failed = false;
    call.on('error', () => {});
    call.on('data', (request) => {
      work = work.then(async () => {
        const failure = failureOf(request, trailing);
        if (failed || call.cancelled) return;
        if (!failure) { await writeAll(call, request, over); return; }
        failed = true;
        call.emit('error', failure);
      });
    });
    call.on('end', () => { work.then(() => { if (!failed && !call.cancelled) call.end(trailing); }); });
  },
};

function serve(options) {
  const server = new grpc.Server();
  server.addService(TestService.service, service);
  const credentials = options['tls-cert']
    ? grpc.ServerCredentials.createSsl(null, [{ cert_chain: fs.readFileSync(options['tls-cert']), private_key: fs.readFileSync(options['tls-key']) }])
    : grpc.ServerCredentials.createInsecure();
  server.bindAsync(`127.0.0.1:${options.port}`, credentials, (error) => { if (error) throw error; });
  process.on('SIGTERM', () => { server.forceShutdown(); process.exit(0); });
}

// Client --------------------------------------------------------------------------------------------------------------

function expect(fine, what) {
  if (!fine) throw new Error(what);
}

const withDeadline = (seconds = TIMEOUT) => ({ deadline: Date.now() + seconds * 1000 });
const inputRequest = (size) => (size ? { payload: { body: Buffer.alloc(size) } } : {});
const outputRequest = (sizes, { body = 0, interval_us = 0, response_status } = {}) => ({
  response_parameters: sizes.map((size) => ({ size, interval_us })), payload: { body: Buffer.alloc(body) }, response_status,
});

// {error, value, initial, trailing} of a call with one response.
function unary(stub, method, request, metadata = new grpc.Metadata()) {
  return new Promise((resolve) => {
    const seen = {};
    const call = stub[method](request, metadata, withDeadline(), (error, value) => { Object.assign(seen, { error, value }); });
    call.on('metadata', (initial) => { seen.initial = initial; });
    call.on('status', (status) => { seen.trailing = status.metadata; setImmediate(resolve, seen); });
  });
}

// A call both ways or of many responses: what came is read one by one.
class Stream {
  constructor(call) {
    this.call = call;
    this.came = [];
    this.waiting = [];
    call.on('metadata', (initial) => { this.initial = initial; });
    call.on('data', (response) => this.#put(response));
    call.on('error', () => {});
    this.status = new Promise((resolve) => { call.on('status', (status) => { this.#put(null); resolve(status); }); });
  }

  #put(what) {
    const next = this.waiting.shift();
    if (next) next(what); else this.came.push(what);
  }

  // The next response, or null at the end.
  read() {
    return this.came.length > 0 ? Promise.resolve(this.came.shift()) : new Promise((resolve) => { this.waiting.push(resolve); });
  }

  write(request) {
    if (this.call.write(request)) return undefined;
    return Promise.race([new Promise((resolve) => { this.call.once('drain', resolve); }), this.status]);
  }
}

const duplex = (stub, metadata = new grpc.Metadata()) => new Stream(stub.FullDuplexCall(metadata, withDeadline()));
const output = (stub, request, seconds = TIMEOUT) => new Stream(stub.StreamingOutputCall(request, withDeadline(seconds)));

async function sizesOf(stream) {
  const sizes = [];
  for (let response; (response = await stream.read()) !== null;) sizes.push(response.payload.body.length);
  return sizes;
}

async function checkUnary(stub, requestSize, responseSize) {
  const { error, value } = await unary(stub, 'UnaryCall', { response_size: responseSize, payload: { body: Buffer.alloc(requestSize) } });
  expect(!error, `unary: ${error}`);
  expect(value.payload.body.length === responseSize, `expected ${responseSize} bytes, got ${value.payload.body.length}`);
}

async function sendInputs(stub, requests) {
  let call;
  const reply = new Promise((resolve, reject) => {
    call = stub.StreamingInputCall(new grpc.Metadata(), withDeadline(), (error, value) => (error ? reject(error) : resolve(value)));
  });
  for (const request of requests) {
    if (!call.write(request)) await new Promise((resolve) => { call.once('drain', resolve); });
  }
  call.end();
  return (await reply).aggregated_payload_size;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const sum = (sizes) => sizes.reduce((a, b) => a + b, 0);

async function cancelledCalls(stub) {
  const metadata = new grpc.Metadata();
  metadata.set(COUNT, '1');
  const { trailing } = await unary(stub, 'EmptyCall', {}, metadata);
  const found = trailing.get(CANCELLED);
  expect(found.length === 1, 'the server does not count cancelled calls');
  return Number(found[0]);
}

// The server must see that a call it still works on was given up.
async function expectSeen(stub, before) {
  const end = Date.now() + 10000;
  while (await cancelledCalls(stub) <= before) {
    expect(Date.now() < end, 'the server did not see within 10 s that the call was given up');
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
}

async function expectStatus(stream, code, details, what) {
  const status = await stream.status;
  expect(status.code === code && status.details === details,
    `${what}: expected ${code} ${JSON.stringify(details)}, got ${status.code} ${JSON.stringify(status.details)}`);
}

const cases = {
  async four_kinds(stub) {
    await checkUnary(stub, 271828, 314159);
    const sizes = [31415, 9, 2653, 58979];
    expect(same(await sizesOf(output(stub, outputRequest(sizes))), sizes), 'server streaming: wrong sizes');
    expect(await sendInputs(stub, sizes.map(inputRequest)) === sum(sizes), 'client streaming: a wrong sum');
    const stream = duplex(stub);
    for (const size of sizes) {
      await stream.write(outputRequest([size], { body: size }));
      expect((await stream.read()).payload.body.length === size, 'both ways: a response of a wrong size');
    }
    stream.call.end();
    expect(await stream.read() === null && (await stream.status).code === 0, 'both ways: no clean end');
  },

  async metadata(stub) {
    const everything = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const initial = ['one', 'two, and more', 'one'];
    const trailing = [everything, Buffer.from([0]), Buffer.from([255, 254]), everything, Buffer.from('a,b')];
    const sent = new grpc.Metadata();
    for (const value of initial) sent.add(INITIAL, value);
    for (const value of trailing) sent.add(TRAILING, value);
    const check = (what, gotInitial, gotTrailing) => {
      // grpc-js gives the values of a key that came several times as one, joined.
      expect(gotInitial.get(INITIAL).join(', ') === initial.join(', '), `${what}: initial metadata ${gotInitial.get(INITIAL)}`);
      const got = gotTrailing.get(TRAILING).map((value) => value.toString('hex'));
      expect(same(got, trailing.map((value) => value.toString('hex'))), `${what}: trailing metadata ${got}`);
    };
    const reply = await unary(stub, 'UnaryCall', {}, sent);
    expect(!reply.error, `unary: ${reply.error}`);
    check('unary', reply.initial, reply.trailing);
    const stream = duplex(stub, sent);
    stream.write(outputRequest([1]));
    stream.call.end();
    await sizesOf(stream);
    check('stream', stream.initial, (await stream.status).metadata);
  },

  async deadline(stub) {
    const before = await cancelledCalls(stub);
    const start = Date.now();
    const status = await output(stub, outputRequest([1], { interval_us: 60e6 }), 0.3).status;
    expect(status.code === grpc.status.DEADLINE_EXCEEDED, `got ${status.code} ${status.details}`);
    const took = (Date.now() - start) / 1000;
    expect(took > 0.28 && took < 20, `a deadline of 0.3 s took ${took} s`);
    await expectSeen(stub, before);
    await checkUnary(stub, 1, 1);
  },

  async client_cancel(stub) {
    const before = await cancelledCalls(stub);
    const request = outputRequest([1]);
    request.response_parameters.push({ size: 1, interval_us: 60e6 });
    const stream = output(stub, request);
    expect((await stream.read()).payload.body.length === 1, 'no first response');
    stream.call.cancel();
    expect((await stream.status).code === grpc.status.CANCELLED, 'not CANCELLED');
    await expectSeen(stub, before);
  },

  // The server ends a call with CANCELLED while the client may still write; the call beside it goes on.
  async server_cancel(stub) {
    const beside = duplex(stub);
    beside.write(outputRequest([1]));
    await beside.read();
    const stream = duplex(stub);
    stream.write(outputRequest([1]));
    await stream.read();
    stream.write(outputRequest([], { response_status: { code: 1, message: 'the server gave up' } }));
    await expectStatus(stream, 1, 'the server gave up', 'the call');
    beside.write(outputRequest([7]));
    expect((await beside.read()).payload.body.length === 7, 'the call beside it did not go on');
    beside.call.end();
    expect((await beside.status).code === 0, 'the call beside it failed');
  },

  async status_codes(stub) {
    for (let code = 1; code <= 16; code += 1) {
      for (const message of ['请求失败：第 7 号文章不存在', '\x01\x1b[31m\x7f\t\r\n%41 100%', '']) {
        const { error } = await unary(stub, 'UnaryCall', { response_status: { code, message } });
        expect(error && error.code === code && error.details === message,
          `unary: expected ${code} ${JSON.stringify(message)}, got ${error && `${error.code} ${JSON.stringify(error.details)}`}`);
        const stream = duplex(stub);
        stream.write(outputRequest([9]));
        expect((await stream.read()).payload.body.length === 9, 'no response came before the status');
        stream.write(outputRequest([], { response_status: { code, message } }));
        await expectStatus(stream, code, message, 'stream');
      }
    }
  },

  async message_sizes(stub) {
    for (const [request, response] of [[0, 0], [0, LARGEST], [LARGEST, 0], [LARGEST, LARGEST]]) await checkUnary(stub, request, response);
    const sizes = [0, LARGEST, 0, LARGEST, 0];
    expect(await sendInputs(stub, sizes.map(inputRequest)) === 2 * LARGEST, 'client streaming: a wrong sum');
    expect(same(await sizesOf(output(stub, outputRequest(sizes))), sizes), 'server streaming: wrong sizes');
    for (const [request, response] of [[0, 4 << 20], [4 << 20, 0]]) {
      const { error } = await unary(stub, 'UnaryCall', { response_size: response, payload: { body: Buffer.alloc(request) } });
      expect(error && error.code === grpc.status.RESOURCE_EXHAUSTED, `expected RESOURCE_EXHAUSTED, got ${error}`);
    }
    await checkUnary(stub, 1, 1); // the connection lives on
  },

  async long_streams(stub) {
    const range = Array.from({ length: MESSAGES }, (_, i) => i);
    expect(await sendInputs(stub, range.map(() => inputRequest(100))) === 100 * MESSAGES, 'client streaming: a wrong sum');
    const sizes = range.map((i) => i % 200);
    expect(same(await sizesOf(output(stub, outputRequest(sizes))), sizes), 'server streaming: wrong sizes');
    const stream = duplex(stub);
    const got = sizesOf(stream);
    for (const i of range) await stream.write(outputRequest([i % 200], { body: 50 }));
    stream.call.end();
    expect(same(await got, sizes), 'both ways: wrong sizes');
  },

  async many_calls(stub) {
    const range = Array.from({ length: CALLS }, (_, i) => i);
    await Promise.all(range.map((i) => checkUnary(stub, i, i + 1)));
    // All streams are open before the first one ends.
    const streams = range.map(() => duplex(stub));
    streams.forEach((stream, i) => stream.write(outputRequest([i])));
    const came = await Promise.all(streams.map((stream) => stream.read()));
    came.forEach((response, i) => expect(response && response.payload.body.length === i, `call ${i}: a wrong response`));
    for (const stream of streams) stream.call.end();
    const codes = new Set((await Promise.all(streams.map((stream) => stream.status))).map((status) => status.code));
    expect(codes.size === 1 && codes.has(0), `got ${[...codes]}`);
  },

  async unimplemented(stub) {
    const { error } = await unary(stub, 'UnimplementedCall', {});
    expect(error && error.code === grpc.status.UNIMPLEMENTED, `got ${error}`);
  },
};

async function callServer(options, names) {
  const settings = options.override ? { 'grpc.ssl_target_name_override': options.override, 'grpc.default_authority': options.override } : {};
  const credentials = options.ca ? grpc.credentials.createSsl(fs.readFileSync(options.ca)) : grpc.credentials.createInsecure();
  const stub = new TestService(`127.0.0.1:${options.port}`, credentials, settings);
  for (const name of names) {
    try {
      await cases[name](stub);
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`FAILED ${name}: ${String(error && error.message).replace(/\s+/g, ' ')}`);
      process.exitCode = 1;
    }
  }
  stub.close();
}

function main() {
  const text = { type: 'string' };
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { port: text, 'tls-cert': text, 'tls-key': text, ca: text, override: text },
  });
  const [mode, ...names] = positionals;
  if (mode === 'cases') console.log(Object.keys(cases).join('\n'));
  else if (mode === 'server') serve(values);
  else if (mode === 'client') callServer(values, names);
  else { console.error('js_peer.js server|client|cases ...; see its first lines'); process.exitCode = 64; }
}

main();

// Loaded before every Node server of the suite `real`, which stays as it is:
// keeps what listens on the loopback address, and refuses connections to
// anywhere else, so that no server sends anything to its makers.
'use strict';

const net = require('node:net');

const isHere = (host) => host === undefined || host === 'localhost' || host === '::1'
  || /^127\./.test(host) || /^::ffff:127\./.test(host);

const { listen } = net.Server.prototype;
net.Server.prototype.listen = function (first, ...rest) {
  const port = typeof first === 'object' && first !== null ? first.port : first;
  if (!/^\d+$/.test(String(port))) {
    return listen.call(this, first, ...rest);
  }
  const done = rest.find((value) => typeof value === 'function');
  return listen.call(this, { port: Number(port), host: '127.0.0.1' }, done);
};

const { connect } = net.Socket.prototype;
net.Socket.prototype.connect = function (...parameters) {
  // Node's own callers pass what it has made of the parameters, in an array.
  const [first, second] = Array.isArray(parameters[0]) ? parameters[0] : parameters;
  const host = typeof first === 'object' && first !== null ? first.host
    : typeof second === 'string' ? second : undefined;
  if (!isHere(host)) {
    setImmediate(() => this.destroy(new Error(`no connection to ${host} in a test`)));
    return this;
  }
  return connect.apply(this, parameters);
};

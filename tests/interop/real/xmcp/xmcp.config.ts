// xmcp, which compiles a server from its folder of tools.
export default {
  http: { port: Number(process.env.PORT), host: '127.0.0.1' },
  stdio: true,
  paths: { tools: './src/tools', prompts: false, resources: false },
};

// What Slack's starter template for Bolt shows, in one file: a message and a mention are answered,
// a command answers, a shortcut opens a modal that a button changes, the modal's form posts a
// message, and the Home tab greets. All it takes from the environment is what every Slack app
// takes, and Slack's address.
import bolt from "@slack/bolt";

const { App } = bolt;
const { SLACK_BOT_TOKEN, SLACK_APP_TOKEN, SLACK_SIGNING_SECRET, SLACK_API_URL, PORT } = process.env;

const app = new App({
  token: SLACK_BOT_TOKEN,
  ...(PORT ? { signingSecret: SLACK_SIGNING_SECRET } : { socketMode: true, appToken: SLACK_APP_TOKEN }),
  clientOptions: { slackApiUrl: SLACK_API_URL },
});

app.message(/^(hi|hello|hey)\b/i, async ({ context, message, say }) => {
  await say(`${context.matches[0]}, <@${message.user}>, how are you?`);
});

app.event("app_mention", async ({ event, client }) => {
  await client.reactions.add({ channel: event.channel, timestamp: event.ts, name: "wave" });
});

app.command("/hopes", async ({ ack, command, respond }) => {
  await ack();
  await respond({ text: `You hope for ${command.text}`, response_type: "in_channel" });
});

const form = (first) => ({
  type: "modal",
  callback_id: "hopes",
  title: { type: "plain_text", text: "Hopes and dreams" },
  submit: { type: "plain_text", text: "Send" },
  blocks: [
    first,
    {
      type: "input",
      block_id: "hope",
      label: { type: "plain_text", text: "What do you hope for?" },
      element: { type: "plain_text_input", action_id: "text", multiline: true },
    },
    {
      type: "input",
      block_id: "where",
      label: { type: "plain_text", text: "Where shall it be said?" },
      element: { type: "conversations_select", action_id: "channel", response_url_enabled: true },
    },
  ],
});

app.shortcut("open_hopes", async ({ ack, shortcut, client }) => {
  await ack();
  await client.views.open({
    trigger_id: shortcut.trigger_id,
    view: form({
      type: "section",
      block_id: "greeting",
      text: { type: "mrkdwn", text: "Press the button" },
      accessory: { type: "button", action_id: "brighten", text: { type: "plain_text", text: "Brighten" } },
    }),
  });
});

app.action("brighten", async ({ ack, body, client }) => {
  await ack();
  await client.views.update({
    view_id: body.view.id,
    hash: body.view.hash,
    view: form({ type: "section", block_id: "greeting", text: { type: "mrkdwn", text: "Brighter :sunny:" } }),
  });
});

app.view("hopes", async ({ ack, body, view, client }) => {
  const { hope, where } = view.state.values;
  if (hope.text.value.length < 3) {
    await ack({ response_action: "errors", errors: { hope: "Hope for more" } });
    return;
  }
  await ack();
  await client.chat.postMessage({
    channel: where.channel.selected_conversation,
    text: `<@${body.user.id}> hopes for ${hope.text.value}`,
  });
});

app.event("app_home_opened", async ({ event, client }) => {
  if (event.tab !== "home") return;
  await client.views.publish({
    user_id: event.user,
    view: {
      type: "home",
      blocks: [{ type: "section", text: { type: "mrkdwn", text: `*Welcome home, <@${event.user}>*` } }],
    },
  });
});

app.error(async (error) => {
  console.error(`failed: ${error.code} ${error.message}`);
});

await app.start(PORT ? Number(PORT) : undefined);
console.log("running");

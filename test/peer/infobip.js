// SPDX-License-Identifier: Apache-2.0
// The conversation of harness/clients.py with @infobip-api/sdk, Infobip's community client
// for Node. Its calls do not throw: they give a response or an AxiosError.
'use strict';

const fs = require('fs');
const { Infobip } = require('@infobip-api/sdk');

const env = process.env;
const TO = '41793026727';

const auth = {
	App: { authType: 'App', apiKey: env.WATCHWORD_KEY },
	Basic: { authType: 'Basic', username: env.WATCHWORD_USER, password: env.WATCHWORD_PASSWORD },
};

function client(credential) {
	return new Infobip({ baseUrl: env.WATCHWORD_URL, ...credential });
}

async function credential() {
	const kind = env.WATCHWORD_AUTH || 'App';

	if (auth[kind])
		return auth[kind];
	const signedIn = client(auth.Basic).auth;
	if (kind === 'IBSSO')
		return { authType: kind, ibssoToken: (await signedIn.ibsso.create()).data.token };
	return { authType: 'Bearer', oauthToken: (await signedIn.oauth2.create()).data.access_token };
}

async function step(name, call, read = () => ({})) {
	const said = { step: name, class: '', status: 0, code: '', got: {} };
	const answer = await call();

	if (answer instanceof Error) {
		said.class = answer.name;
		said.status = answer.response ? answer.response.status : -1;
		said.code = answer.response ? answer.response.data.requestError.serviceException.messageId
			: answer.message;
	} else {
		said.got = read(answer.data);
	}
	console.log(JSON.stringify(said));
	return answer.data;
}

const application = (a) => ({
	id: a.applicationId, name: a.name, enabled: a.enabled,
	pinAttempts: a.configuration.pinAttempts, pinTimeToLive: a.configuration.pinTimeToLive,
	sendPinPerPhoneNumberLimit: a.configuration.sendPinPerPhoneNumberLimit,
});
const template = (t) => ({
	id: t.messageId, application: t.applicationId, text: t.messageText, pinType: t.pinType,
	pinLength: t.pinLength, language: t.language, senderId: t.senderId,
});
const sent = (s) => ({ pinId: s.pinId, to: s.to, ncStatus: s.ncStatus, smsStatus: s.smsStatus });
const called = (s) => ({ pinId: s.pinId, to: s.to, callStatus: s.callStatus });
const verified = (v) => ({
	pinId: v.pinId, msisdn: v.msisdn, verified: v.verified,
	attemptsRemaining: v.attemptsRemaining, pinError: v.pinError || '',
});

function pinOf(pinId) {
	const lines = fs.readFileSync(env.WATCHWORD_MESSAGES, 'utf8').split('\n');

	return /\[(\d+)\]/.exec(lines.filter((l) => l.includes(pinId)).pop())[1];
}

function request(name, changes) {
	return {
		name,
		enabled: true,
		configuration: {
			pinAttempts: 5, pinTimeToLive: '10m', verifyPinLimit: '1000/1s',
			sendPinPerPhoneNumberLimit: '2/1d', ...changes,
		},
	};
}

async function main() {
	const infobip = client(await credential());
	const api = infobip.service.twoFA;
	const app = (await step('application_create',
		() => api.createApplication(request('Shop')), application)).applicationId;

	await step('application_get', () => api.getApplication(app), application);
	await step('application_list', () => api.getApplications(),
		(l) => ({ found: l.filter((a) => a.applicationId === app).length }));
	await step('application_update',
		() => api.updateApplication(app, request('Shop 2', { pinAttempts: 6 })), application);

	const message = {
		messageText: 'Your PIN is [{{pin}}]', pinType: 'NUMERIC', pinLength: 4,
		language: 'en', senderId: 'Shop',
	};
	const msg = (await step('template_create',
		() => api.createMessageTemplate(app, message), template)).messageId;

	await step('template_get', () => api.getMessageTemplate(app, msg), template);
	await step('template_list', () => api.getMessageTemplates(app),
		(l) => ({ found: l.filter((t) => t.messageId === msg).length }));
	await step('template_update',
		() => api.updateMessageTemplate(app, msg, { pinLength: 6, language: 'pt-br' }), template);

	const start = (to) => api.sendPINCodeSMS(
		{ applicationId: app, messageId: msg, from: 'InfoSMS', to }, true);
	const verify = (id, pin) => api.verifyPhoneNumber(id, { pin });
	const pinId = (await step('send', () => start(TO), sent)).pinId;

	await step('resend', () => api.resendPINCodeSMS(pinId), sent);
	await step('verify_wrong', () => verify(pinId, 'x'), verified);
	await step('verify', () => verify(pinId, pinOf(pinId)), verified);
	await step('verifications', () => api.getVerificationStatus(app, { msisdn: TO }),
		({ verifications: [v] }) => ({
			msisdn: v.msisdn, verified: v.verified,
			dated: v.verifiedAt >= v.sentAt && v.sentAt > 0,
		}));

	const call = (await step('send_voice', () => api.sendPINCodeVoice(
		{ applicationId: app, messageId: msg, to: '41443026727' }), called)).pinId;

	await step('resend_voice', () => api.resendPINCodeVoice(call), called);
	await step('verify_voice', () => verify(call, pinOf(call)), verified);
	await start(TO);
	await step('throttled', () => start(TO));
	await step('expired', async () => {
		let answer;

		await api.updateApplication(app,
			request('Shop', { pinTimeToLive: '1s', pinAttempts: 1000 }));
		const late = (await start('41793026728')).data.pinId;
		for (let i = 0; i < 200; i++) {
			answer = await verify(late, 'x');
			if (answer instanceof Error || answer.data.pinError === 'TTL_EXPIRED')
				break;
			await new Promise((done) => setTimeout(done, 20));
		}
		return answer;
	}, (v) => ({ verified: v.verified, pinError: v.pinError }));
	await step('bad_key', () => client({ authType: 'App', apiKey: '0'.repeat(32) })
		.service.twoFA.getApplications());
	await step('missing_scope', () => client({ authType: 'App', apiKey: env.WATCHWORD_PIN_KEY })
		.service.twoFA.createApplication(request('Shop')));
	await step('unknown_application', () => api.getApplication('0'.repeat(32)));
	await step('unknown_pin', () => verify('nothing', '1598'));
	await step('invalid', () => api.createMessageTemplate(app, { ...message, pinLength: 99 }));
}

main();

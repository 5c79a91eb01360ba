//! The shapes of providers' keys, as their documentation and the keys themselves tell them.
//!
//! In a pattern `%a` stands for a letter or digit, `%l` for a small letter or digit, `%U` for a capital or digit,
//! `%h` for a hex digit in small letters, `%H` for one in either, `%w` for a character of URL-safe Base64, `%b` for
//! one of plain Base64, `%u` for a UUID.

/// Where a pattern begins, seen from the keyword that was found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Back {
    /// At the keyword.
    None,
    /// So many bytes before it.
    Bytes(usize),
    /// Before the digits that stand in front of it.
    Digits,
}

/// A key that is known by its shape alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    pub(super) id: &'static str,
    pub(super) keywords: &'static [&'static str],
    pub(super) back: Back,
    /// The first group is the secret; the whole where there is none.
    pub(super) pattern: &'static str,
}

const fn shape(
    id: &'static str,
    keywords: &'static [&'static str],
    pattern: &'static str,
) -> Shape {
    Shape { id, keywords, back: Back::None, pattern }
}

const fn shape_back(
    id: &'static str,
    keyword: &'static [&'static str],
    back: Back,
    pattern: &'static str,
) -> Shape {
    Shape { id, keywords: keyword, back, pattern }
}

/// Keys with a mark of their own.
#[rustfmt::skip]
pub(super) static SHAPES: &[Shape] = &[
    // Clouds and hosting.
    shape("aws-access-key", &["AKIA", "ASIA", "ABIA", "ACCA"], "A(?:KIA|SIA|BIA|CCA)[A-Z2-7]{16}"),
    shape("aws-bedrock-key", &["ABSK"], "ABSK%b{60,}={0,2}"),
    shape("gcp-api-key", &["AIza"], "AIza%w{35}"),
    shape("gcp-auth-key", &["AQ.Ab"], "AQ\\.Ab%w{30,}"),
    shape("gcp-client-secret", &["GOCSPX-"], "GOCSPX-%w{28}"),
    shape("gcp-access-token", &["ya29."], "ya29\\.[A-Za-z0-9_.-]{20,}"),
    shape("gcp-refresh-token", &["1//0"], "1//0%w{40,}"),
    shape("azure-account-key", &["AccountKey=", "SharedAccessKey=", "accountkey="], "(?:AccountKey|SharedAccessKey|accountkey)=(%b{40,}={0,2})"),
    shape_back("azure-client-secret", &["Q~"], Back::Bytes(4), "[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"),
    shape("azure-sas-signature", &["sig="], "sig=([A-Za-z0-9%+/]{40,}(?:=|%3[dD]))"),
    shape_back("azure-devops-token", &["AZDO"], Back::Bytes(76), "%a{76}AZDO%a{4}"),
    shape_back("azure-ai-key", &["JQQJ99"], Back::Bytes(52), "%a{52}JQQJ99%a{26}"),
    shape_back("azure-function-key", &["AzFu"], Back::Bytes(44), "%w{44}AzFu%w{6}={0,2}"),
    shape_back("azure-search-key", &["AzSe"], Back::Bytes(42), "%a{42}AzSe[A-D]%a{5}"),
    shape_back("azure-registry-key", &["+ACR"], Back::Bytes(42), "%b{42}\\+ACR[A-D]%b{5}"),
    shape_back("azure-redis-key", &["AzCa"], Back::Bytes(33), "%a{33}AzCa[A-P]%a{5}="),
    shape("alibaba-access-key", &["LTAI"], "LTAI%a{12,20}"),
    shape("tencent-secret-id", &["AKID"], "AKID%a{32}"),
    shape("volcengine-access-key", &["AKLT"], "AKLT%a{30,60}={0,2}"),
    shape("baidu-api-key", &["bce-v3/"], "bce-v3/ALTAK-%a{21}/%h{40}"),
    shape("yandex-api-key", &["AQVN"], "AQVN%w{35,38}"),
    shape("yandex-oauth-token", &["y0_"], "y0_%w{50,}"),
    shape("digitalocean-token", &["dop_v1_", "doo_v1_", "dor_v1_"], "do[opr]_v1_%h{64}"),
    shape("heroku-key", &["HRKU-"], "HRKU-%w{36,}"),
    shape("cloudflare-token", &["cfut_", "cfat_", "cfk_"], "cf(?:ut|at|k)_%w{40,}"),
    shape("cloudflare-origin-key", &["v1.0-"], "v1\\.0-%h{24}-%h{146}"),
    shape("vercel-token", &["vcp_", "vci_", "vca_", "vcr_", "vck_"], "vc[piark]_%a{50,}"),
    shape("netlify-token", &["nfp_", "nfc_", "nfo_", "nfu_"], "nf[pcou]_%a{36,}"),
    shape("fly-token", &["fo1_", "fm1a_", "fm1r_", "fm2_"], "(?:fo1_%w{43}|fm(?:1[ar]|2)_[A-Za-z0-9+/]{60,}={0,3}(?:,fm(?:1[ar]|2)_[A-Za-z0-9+/]{60,}={0,3})*)"),
    shape("render-key", &["rnd_"], "rnd_%a{28,}"),
    shape("scalingo-token", &["tk-us-"], "tk-us-%w{48}"),
    shape("deno-token", &["ddp_", "ddw_"], "dd[pw]_%a{36}"),
    shape("openshift-token", &["sha256~"], "sha256~%w{43}"),
    shape("k3s-token", &["K10"], "K10%h{64}::[a-z]+:%h{32}"),
    shape("pulumi-token", &["pul-"], "pul-%h{40}"),
    shape_back("terraform-token", &[".atlasv1."], Back::Bytes(14), "%a{14}\\.atlasv1\\.[A-Za-z0-9_=-]{60,70}"),
    shape("vault-token", &["hvs.", "hvb.", "hvr."], "hv[sbr]\\.%w{24,}"),
    shape("doppler-token", &["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."], "dp\\.(?:pt|ct|sa|scim|audit|st(?:\\.[a-z0-9_-]{2,35})?)\\.%a{40,44}"),
    shape("infisical-token", &["st."], "st\\.%h{24}\\.%h{32}\\.%h{32}"),
    shape("onepassword-token", &["ops_eyJ"], "ops_eyJ%b{100,}={0,3}"),
    shape("onepassword-key", &["A3-"], "A3-%U{6}-(?:%U{11}|%U{6}-%U{5})-%U{5}-%U{5}-%U{5}"),
    shape("age-key", &["AGE-SECRET-KEY-1"], "AGE-SECRET-KEY-1[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58}"),
    shape("tailscale-key", &["tskey-"], "tskey-[a-z]+-%a{10,}(?:-%a{16,})?"),
    shape("defined-networking-key", &["dnkey-"], "dnkey-[a-z0-9=_-]{26}-[a-z0-9=_-]{52}"),
    shape("harness-token", &["pat.", "sat."], "[ps]at\\.%w{22}\\.%a{24}\\.%a{20}"),
    // Forges, packages, builds.
    shape("github-token", &["ghp_", "gho_", "ghu_", "ghs_", "ghr_"], "gh[pousr]_%a{36,}"),
    shape("github-fine-grained-token", &["github_pat_"], "github_pat_[A-Za-z0-9_]{50,}"),
    shape("gitlab-token", &["glpat-", "gldt-", "glrt-", "glrtr-", "glptt-", "glcbt-", "glagent-", "glimt-", "glsoat-", "glft-", "glffct-", "gloas-", "glwt-"], "gl(?:pat|dt|rtr|rt|ptt|cbt|agent|imt|soat|ft|ffct|oas|wt)-[A-Za-z0-9_.=-]{20,}"),
    shape("gitlab-runner-token", &["GR1348941"], "GR1348941%w{20,}"),
    shape("bitbucket-password", &["ATBB"], "ATBB%a{28,}"),
    shape("atlassian-token", &["ATATT3", "ATCTT3", "ATSTT3"], "AT[ACS]TT3[A-Za-z0-9_=-]{50,}"),
    shape("trello-token", &["ATTA"], "ATTA%h{64,}"),
    shape("sourcegraph-token", &["sgp_", "slk_"], "(?:sgp_(?:%H{16}_|local_)?%H{40}|slk_%h{64})"),
    shape("npm-token", &["npm_"], "npm_%a{36,}"),
    shape("pypi-token", &["pypi-"], "pypi-A%w{50,}"),
    shape("crates-token", &["cio"], "cio%a{32}"),
    shape("rubygems-key", &["rubygems_"], "rubygems_%h{48}"),
    shape("nuget-key", &["oy2"], "oy2%l{43}"),
    shape("clojars-token", &["CLOJARS_"], "CLOJARS_%l{60}"),
    shape("docker-token", &["dckr_pat_", "dckr_oat_"], "dckr_[po]at_%w{27,}"),
    shape("artifactory-key", &["AKCp"], "AKCp%a{60,}"),
    shape("artifactory-reference-token", &["cmVmdGtuOj"], "cmVmdGtuOj%a{40,}={0,2}"),
    shape("sonar-token", &["squ_", "sqp_", "sqa_"], "sq[upa]_%h{40}"),
    shape("snyk-token", &["snyk_"], "snyk_[a-z]{2,4}\\.%l{8}\\.[A-Za-z0-9_.-]{60,}"),
    shape("circleci-token", &["CCIPAT_", "CCIPRJ_"], "CCIP(?:AT|RJ)_%a{20,24}_%h{40}"),
    shape("buildkite-token", &["bkua_", "bkat_", "bkct_", "bkpt_"], "bk(?:ua|at|ct|pt)_%h{40}"),
    shape("infracost-key", &["ico-"], "ico-%a{32}"),
    shape("prefect-key", &["pnu_", "pnb_"], "pn[ub]_%a{36}"),
    shape("launchdarkly-key", &["sdk-", "api-", "mob-"], "(?:sdk|api|mob)-%u"),
    shape("contentful-token", &["CFPAT-"], "CFPAT-%w{43}"),
    shape("readme-key", &["rdme_"], "rdme_%l{70}"),
    shape("postman-key", &["PMAK-"], "PMAK-%H{24}-%H{34}"),
    shape("zuplo-key", &["zpka_"], "zpka_%l{32}_%h{8}"),
    shape("unkey-key", &["unkey_"], "unkey_%a{22,}"),
    shape("inngest-key", &["signkey-"], "signkey-[a-z]+-%h{32,64}"),
    shape("trigger-key", &["tr_dev_", "tr_prod_", "tr_stg_", "tr_pat_"], "tr_(?:dev|prod|stg|pat)_%a{20,}"),
    shape("cursor-key", &["crsr_", "key_"], "(?:crsr|key)_%h{64}"),
    // Models.
    shape("openai-key", &["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"], "sk-(?:proj|svcacct|admin|None)-%w{32,}"),
    shape("anthropic-key", &["sk-ant-"], "sk-ant-(?:[a-z]{2,5}[0-9]{2}-)?%w{20,}"),
    shape("openrouter-key", &["sk-or-"], "sk-or-(?:v[0-9]-)?%h{48,}"),
    shape("langfuse-key", &["sk-lf-"], "sk-lf-%u"),
    shape("sk-key", &["sk-"], "sk-%a{32,}"),
    shape("huggingface-token", &["hf_"], "hf_[A-Za-z]{30,}"),
    shape("huggingface-org-token", &["api_org_"], "api_org_[A-Za-z]{34}"),
    shape("groq-key", &["gsk_"], "gsk_%a{48,}"),
    shape("perplexity-key", &["pplx-"], "pplx-%a{40,}"),
    shape("replicate-token", &["r8_"], "r8_%a{37}"),
    shape("xai-key", &["xai-"], "xai-%a{60,}"),
    shape("together-key", &["tgp_v1_"], "tgp_v1_%w{40,}"),
    shape("fireworks-key", &["fw_"], "fw_%a{22,24}"),
    shape("nvidia-key", &["nvapi-"], "nvapi-%w{60,}"),
    shape("cerebras-key", &["csk-"], "csk-%l{48}"),
    shape("pinecone-key", &["pcsk_"], "pcsk_[A-Za-z0-9_]{50,}"),
    shape("langsmith-key", &["lsv2_"], "lsv2_(?:pt|sk)_%h{32}_%h{10}"),
    shape("wandb-key", &["wandb_v1_"], "wandb_v1_%w{40,}"),
    shape("voyage-key", &["pa-"], "pa-%w{43}"),
    shape("jina-key", &["jina_"], "jina_%h{32}%w{28}"),
    shape("tavily-key", &["tvly-"], "tvly-(?:dev-|prod-)?%a{28,}"),
    shape("firecrawl-key", &["fc-"], "fc-%h{32}"),
    shape("e2b-key", &["e2b_"], "e2b_%h{40}"),
    shape("runpod-key", &["rpa_"], "rpa_%U{40,}"),
    shape("modal-token", &["ak-", "as-"], "a[ks]-%a{22}"),
    shape("anyscale-key", &["esecret_"], "esecret_%a{20,}"),
    // Talk and mail.
    shape("slack-token", &["xox", "xapp-"], "(?:xox[abeoprsc](?:\\.xox[abp])?-%w{20,}|xapp-[0-9]-[A-Z0-9]+-[0-9]+-%a{30,})"),
    shape("slack-webhook", &["hooks.slack.com/"], "hooks\\.slack\\.com/(?:services|workflows|triggers)/([A-Za-z0-9+/]{40,})"),
    shape("discord-webhook", &["/api/webhooks/"], "/api/webhooks/[0-9]{17,20}/(%w{60,})"),
    shape("teams-webhook", &[".webhook.office.com/"], "\\.webhook\\.office\\.com/webhookb2/(%u@%u/IncomingWebhook/%h{32}/%u)"),
    shape("google-chat-webhook", &["chat.googleapis.com/v1/spaces/"], "chat\\.googleapis\\.com/v1/spaces/%w+/messages\\?key=%w+(?:&|&amp;)token=([A-Za-z0-9_%-]{40,})"),
    shape("zapier-webhook", &["hooks.zapier.com/"], "hooks\\.zapier\\.com/hooks/catch/([0-9]{4,}/%l{6,})"),
    shape_back("telegram-token", &[":AA"], Back::Digits, "[0-9]{8,10}:AA%w{33}"),
    shape("twilio-key", &["SK"], "SK%h{32}"),
    shape("sendgrid-key", &["SG."], "SG\\.%w{16,32}\\.%w{32,64}"),
    shape("mailgun-key", &["key-", "pubkey-"], "(?:pub)?key-%h{32}"),
    shape_back("mailchimp-key", &["-us"], Back::Bytes(32), "%h{32}-us[0-9]{1,2}"),
    shape("mandrill-key", &["md-"], "md-%w{22}"),
    shape("brevo-key", &["xkeysib-", "xsmtpsib-"], "x(?:key|smtp)sib-%h{64}-%a{16}"),
    shape("resend-key", &["re_"], "re_%a{8}_%a{20,}"),
    shape("intercom-token", &["dG9rO"], "dG9rO%b{40,}={0,2}"),
    shape("hubspot-token", &["pat-na", "pat-eu"], "pat-(?:na|eu)[0-9]-%u"),
    shape("salesforce-token", &["00D"], "00D%a{12,15}![A-Za-z0-9_.]{80,}"),
    shape("facebook-token", &["EAA"], "EAA[CMG]%a{80,}"),
    shape("instagram-token", &["IGQV", "IGAA"], "IG(?:QV|AA)%w{80,}"),
    shape("linkedin-secret", &["WPL_AP"], "WPL_AP[0-9]\\.%a{16}\\.[A-Za-z0-9+/]{4,}={0,2}"),
    shape("twitter-bearer-token", &["AAAAAAAAAAAAAAAAAAAAA"], "A{21,22}%a{5,}%[A-Za-z0-9%]{40,}"),
    shape("twitch-token", &["oauth:"], "oauth:(%l{30})"),
    // Work and design.
    shape("linear-key", &["lin_api_", "lin_oauth_"], "lin_(?:api|oauth)_%a{40,}"),
    shape("notion-token", &["ntn_", "secret_"], "(?:ntn_%a{40,}|secret_%a{43})"),
    shape("figma-token", &["figd_", "figo_", "figoh_", "figor_", "figu_", "figuh_"], "fig(?:d|oh|or|o|uh|u)_%w{36,}"),
    shape("airtable-token", &["pat"], "pat%a{14}\\.%h{64}"),
    shape("typeform-token", &["tfp_"], "tfp_[A-Za-z0-9_.=-]{40,}"),
    shape("dropbox-token", &["sl.B", "sl.u."], "sl\\.(?:B|u\\.)[A-Za-z0-9_.-]{120,}"),
    shape("mapbox-token", &["sk.eyJ", "tk.eyJ"], "[st]k\\.eyJ%w{20,}\\.%w{20,}"),
    shape("frameio-token", &["fio-u-"], "fio-u-[A-Za-z0-9_=-]{60,}"),
    shape("adafruit-key", &["aio_"], "aio_%a{28}"),
    shape("asana-token", &["1/1", "2/1"], "(?:1/1[0-9]{12,16}|2/1[0-9]{12,16}/[0-9]{13,17}):%h{32}"),
    // Money.
    shape("stripe-key", &["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_", "rk_prod_"], "[sr]k_(?:live|test|prod)_[A-Za-z0-9_]{16,}"),
    shape("stripe-webhook-secret", &["whsec_"], "whsec_%b{32,}={0,2}"),
    shape("elevenlabs-key", &["sk_"], "sk_%h{48}"),
    shape("square-token", &["sq0atp-", "sq0csp-", "sq0idp-"], "sq0(?:atp|csp|idp)-%w{22,43}"),
    shape("square-access-token", &["EAAA"], "EAAA%w{60}"),
    shape("shopify-token", &["shpat_", "shpca_", "shppa_", "shpss_", "shptka_", "shpua_"], "shp(?:at|ca|pa|ss|tka|ua)_%H{32}"),
    shape("braintree-token", &["access_token$"], "access_token\\$(?:production|sandbox)\\$%l{16}\\$%h{32}"),
    shape("adyen-key", &["AQE"], "AQE[a-z]hm[A-Za-z0-9+/=:_-]{60,}"),
    shape("plaid-token", &["access-sandbox-", "access-development-", "access-production-"], "access-(?:sandbox|development|production)-%u"),
    shape("razorpay-key", &["rzp_live_", "rzp_test_"], "rzp_(?:live|test)_%a{14,}"),
    shape("flutterwave-key", &["FLWSECK"], "FLWSECK(?:_TEST)?-%l{12,64}(?:-X)?"),
    shape("easypost-key", &["EZAK", "EZTK"], "EZ[AT]K%a{54}"),
    shape("shippo-token", &["shippo_"], "shippo_(?:live|test)_%h{40}"),
    shape("duffel-token", &["duffel_"], "duffel_(?:live|test)_[A-Za-z0-9_=-]{43}"),
    shape("lob-key", &["live_", "test_"], "(?:live|test)_(?:pub_)?%h{31,35}"),
    shape("gocardless-token", &["live_", "sandbox_"], "(?:live|sandbox)_%w{40}"),
    shape("stytch-secret", &["secret-live-", "secret-test-"], "secret-(?:live|test)-[A-Za-z0-9_=-]{36}"),
    // Data and monitoring.
    shape("databricks-token", &["dapi", "dose", "dkea"], "d(?:api|ose|kea)%h{32}(?:-[0-9])?"),
    shape("planetscale-token", &["pscale_"], "pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,}"),
    shape("supabase-key", &["sbp_", "sb_secret_"], "(?:sbp_%h{40}|sb_secret_%w{22,})"),
    shape("neon-key", &["napi_"], "napi_%l{40,}"),
    shape("cockroach-key", &["CCDB1_"], "CCDB1_%a{22}_%a{40}"),
    shape("mongodb-atlas-secret", &["mdb_sa_sk_"], "mdb_sa_sk_%w{40}"),
    shape("datadog-key", &["ddapi_", "ddapp_"], "dda(?:pi|pp)_%a{32,}"),
    shape("newrelic-key", &["NRAK-", "NRJS-", "NRII-", "NRIQ-", "NRRA-"], "NR(?:AK-%U{27}|JS-%h{19}|II-%w{32}|IQ-%w{32}|RA-%h{42})"),
    shape_back("newrelic-license", &["NRAL"], Back::Bytes(36), "%h{36}NRAL"),
    shape("sentry-token", &["sntrys_", "sntryu_"], "sntry(?:s_eyJ[A-Za-z0-9+/_=-]{60,}|u_%h{64})"),
    shape("grafana-token", &["glsa_", "glc_"], "gl(?:sa_%a{32}_%H{8}|c_%b{32,}={0,3})"),
    shape("grafana-key", &["eyJrIjoi"], "eyJrIjoi%b{60,}={0,3}"),
    shape("dynatrace-token", &["dt0"], "dt0[a-z][0-9]{2}\\.%U{24}\\.%U{64}"),
    shape("honeycomb-key", &["hcaik_", "hcxik_", "hcbik_", "hcamk_"], "hc(?:ai|xi|bi|am)k_%l{58}"),
    shape("axiom-token", &["xaat-", "xapt-"], "xa(?:at|pt)-%u"),
    shape("posthog-key", &["phx_", "phs_"], "ph[xs]_%a{40,}"),
    shape("segment-token", &["sgp_"], "sgp_%a{64}"),
    shape_back("maxmind-key", &["_mmk"], Back::Bytes(36), "%a{6}_%a{29}_mmk"),
    shape("splunk-token", &["splunk_"], "splunk_%w{32,}"),
    // Tokens of no one provider.
    shape("jwt", &["eyJ"], "eyJ%w{8,}\\.(?:eyJ%w{8,}|%w{16,}\\.%w{16,}\\.%w{8,})\\.%w{16,}"),
    shape("openssh-key", &["b3BlbnNzaC1rZXktdjE"], "b3BlbnNzaC1rZXktdjE%b{60,}={0,2}"),
];

/// A key without a mark, known by its provider's name in what it is assigned to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    pub(super) id: &'static str,
    /// In small letters.
    pub(super) names: &'static [&'static str],
    /// The whole value.
    pub(super) pattern: &'static str,
}

const fn named(id: &'static str, names: &'static [&'static str], pattern: &'static str) -> Named {
    Named { id, names, pattern }
}

/// Keys that need their name: `DATADOG_API_KEY=...`. Shapes that the rule of assignments takes anyway are left out.
#[rustfmt::skip]
pub(super) static NAMED: &[Named] = &[
    named("aws-secret-key", &["aws", "secret_access_key", "secretaccesskey"], "%b{40}"),
    named("aws-session-token", &["aws"], "%b{100,}={0,2}"),
    named("alibaba-secret-key", &["alibaba", "aliyun", "alicloud"], "%a{30}"),
    named("tencent-secret-key", &["tencent"], "%a{32}"),
    named("algolia-key", &["algolia"], "%h{32}"),
    named("appcenter-token", &["appcenter"], "%h{40}"),
    named("assemblyai-key", &["assemblyai"], "%h{32}"),
    named("auth0-secret", &["auth0"], "%w{40,}"),
    named("bitbucket-token", &["bitbucket"], "%w{32,64}={0,2}"),
    named("bitwarden-token", &["bws", "bitwarden"], "0\\.%u\\.%a{30}:%b{22}=="),
    named("cloudflare-key", &["cloudflare", "cf_api"], "(?:%w{40}|%h{37})"),
    named("codecov-token", &["codecov"], "%u"),
    named("cohere-key", &["cohere", "co_api"], "%a{40}"),
    named("coinbase-key", &["coinbase"], "%w{32,64}"),
    named("crowdin-token", &["crowdin"], "%h{80}"),
    named("datadog-api-key", &["datadog", "dd_api", "dd_app", "dd-api"], "(?:%h{32}|%h{40})"),
    named("deepgram-key", &["deepgram"], "%h{40}"),
    named("deepl-key", &["deepl"], "%u(?::fx)?"),
    named("expo-token", &["expo"], "%w{40}"),
    named("fastly-token", &["fastly"], "%w{32}"),
    named("finnhub-key", &["finnhub"], "%l{20}"),
    named("freshdesk-key", &["freshdesk"], "%a{20}"),
    named("gitea-token", &["gitea", "forgejo"], "%h{40}"),
    named("giphy-key", &["giphy"], "%a{32}"),
    named("heroku-api-key", &["heroku"], "%u"),
    named("kraken-key", &["kraken"], "%b{80,90}={0,2}"),
    named("lastfm-key", &["lastfm", "last_fm"], "%h{32}"),
    named("line-token", &["line_channel", "linebot"], "%b{160,}={0,2}"),
    named("linkedin-key", &["linkedin"], "%a{14,16}"),
    named("mailgun-signing-key", &["mailgun"], "%h{32}(?:-%h{8}-%h{8})?"),
    named("mailjet-key", &["mailjet"], "%h{32}"),
    named("messagebird-key", &["messagebird"], "%a{25}"),
    named("mistral-key", &["mistral"], "%a{32}"),
    named("ngrok-token", &["ngrok"], "%a{20,}_%a{20,}"),
    named("okta-token", &["okta", "ssws"], "00%w{40}"),
    named("openweather-key", &["openweather", "owm"], "%h{32}"),
    named("opsgenie-key", &["opsgenie"], "%u"),
    named("pagerduty-key", &["pagerduty"], "(?:[uye][+]?%w{18}|%w{20}|%h{32})"),
    named("paypal-secret", &["paypal"], "E%w{70,}"),
    named("plaid-secret", &["plaid"], "%h{30}"),
    named("postmark-token", &["postmark"], "%u"),
    named("railway-token", &["railway"], "%u"),
    named("rapidapi-key", &["rapidapi"], "%w{50}"),
    named("rollbar-token", &["rollbar"], "%h{32}"),
    named("sentry-legacy-token", &["sentry_auth"], "%h{64}"),
    named("shodan-key", &["shodan"], "%a{32}"),
    named("snyk-key", &["snyk"], "%u"),
    named("sonar-legacy-token", &["sonar"], "%h{40}"),
    named("sparkpost-key", &["sparkpost"], "%h{40}"),
    named("splunk-hec-token", &["splunk", "hec"], "%u"),
    named("spotify-secret", &["spotify"], "%h{32}"),
    named("steam-key", &["steam"], "%H{32}"),
    named("strava-token", &["strava"], "%h{40}"),
    named("sumologic-key", &["sumo"], "(?:su%a{12}|%a{64})"),
    named("tmdb-key", &["tmdb"], "%h{32}"),
    named("travis-token", &["travis"], "%w{22}"),
    named("trello-key", &["trello"], "(?:%h{32}|%h{64})"),
    named("twilio-token", &["twilio"], "%h{32}"),
    named("twitter-secret", &["twitter", "tweepy"], "(?:%a{45,50}|%a{25}|[0-9]{15,20}-%a{20,40})"),
    named("upstash-token", &["upstash"], "A%w{30,}={0,2}"),
    named("vercel-legacy-token", &["vercel"], "%a{24}"),
    named("virustotal-key", &["virustotal", "vt_api"], "%h{64}"),
    named("wandb-legacy-key", &["wandb"], "%h{40}"),
    named("webex-token", &["webex"], "%w{64,}"),
    named("yelp-key", &["yelp"], "%w{128}"),
    named("zendesk-token", &["zendesk"], "%a{40}"),
    named("zoom-secret", &["zoom"], "%a{32}"),
];

/// A pattern as a regular expression.
pub(super) fn expression(pattern: &str) -> String {
    const UUID: &str =
        "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    let mut expression = String::with_capacity(pattern.len() * 2);
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        let class = match (char, chars.peek()) {
            ('%', Some('a')) => "[A-Za-z0-9]",
            ('%', Some('l')) => "[a-z0-9]",
            ('%', Some('U')) => "[A-Z0-9]",
            ('%', Some('h')) => "[0-9a-f]",
            ('%', Some('H')) => "[0-9a-fA-F]",
            ('%', Some('w')) => "[A-Za-z0-9_-]",
            ('%', Some('b')) => "[A-Za-z0-9+/]",
            ('%', Some('u')) => UUID,
            _ => {
                expression.push(char);
                continue;
            }
        };
        chars.next();
        expression.push_str(class);
    }
    expression
}

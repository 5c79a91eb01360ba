//! How services are spoken to: addresses, requests, answers.

use serde::{Deserialize, Serialize};

/// An API for embeddings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `POST /embeddings` as `OpenAI`, and many that follow it.
    OpenAi,
    /// `POST /models/<model>:batchEmbedContents` of Gemini.
    Gemini,
}

/// What a vector is for; some models make other vectors of questions than of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Passage,
    Query,
}

impl Service {
    /// Its word in settings and in model keys.
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Gemini => "gemini",
        }
    }

    /// Where it usually is.
    pub const fn usual_url(self) -> &'static str {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Gemini => "https://generativelanguage.googleapis.com/v1beta",
        }
    }

    pub(super) fn address(self, url: &str, model: &str) -> String {
        let url = url.trim_end_matches('/');
        match self {
            Self::OpenAi => format!("{url}/embeddings"),
            Self::Gemini => format!("{url}/models/{model}:batchEmbedContents"),
        }
    }

    /// The header that carries the key.
    pub(super) fn credentials(self, key: &str) -> (&'static str, String) {
        match self {
            Self::OpenAi => ("authorization", format!("Bearer {key}")),
            Self::Gemini => ("x-goog-api-key", key.to_owned()),
        }
    }

    pub(super) fn request(
        self,
        model: &str,
        dims: Option<usize>,
        texts: &[&str],
        purpose: Purpose,
    ) -> Vec<u8> {
        let body = match self {
            Self::OpenAi => serde_json::to_vec(&OpenAiRequest {
                model,
                input: texts,
                encoding_format: "float",
                dimensions: dims,
            }),
            Self::Gemini => {
                let model = &format!("models/{model}");
                let task_type = match purpose {
                    Purpose::Passage => "RETRIEVAL_DOCUMENT",
                    Purpose::Query => "RETRIEVAL_QUERY",
                };
                let requests = texts
                    .iter()
                    .map(|text| GeminiEmbed {
                        model,
                        content: GeminiContent { parts: [GeminiText { text }] },
                        task_type,
                        output_dimensionality: dims,
                    })
                    .collect();
                serde_json::to_vec(&GeminiRequest { requests })
            }
        };
        body.expect("texts and numbers are always JSON")
    }

    /// The vectors of `count` texts in an answer, or what is wrong with it.
    pub(super) fn answer(self, body: &[u8], count: usize) -> Result<Vec<Vec<f32>>, String> {
        let vectors = match self {
            Self::OpenAi => {
                let mut answer: OpenAiAnswer =
                    serde_json::from_slice(body).map_err(|error| error.to_string())?;
                answer.data.sort_by_key(|item| item.index);
                if (0..)
                    .zip(&answer.data)
                    .any(|(place, item)| item.index.is_some_and(|index| index != place))
                {
                    return Err("its numbers do not count from 0".to_owned());
                }
                answer.data.into_iter().map(|item| item.embedding).collect::<Vec<_>>()
            }
            Self::Gemini => {
                let answer: GeminiAnswer =
                    serde_json::from_slice(body).map_err(|error| error.to_string())?;
                answer.embeddings.into_iter().map(|item| item.values).collect()
            }
        };
        if vectors.len() == count {
            Ok(vectors)
        } else {
            Err(format!("{} vectors for {count} texts", vectors.len()))
        }
    }
}

#[derive(Serialize)]
struct OpenAiRequest<'a> {
    model: &'a str,
    input: &'a [&'a str],
    encoding_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<usize>,
}

#[derive(Deserialize)]
struct OpenAiAnswer {
    data: Vec<OpenAiItem>,
}

#[derive(Deserialize)]
struct OpenAiItem {
    index: Option<usize>,
    embedding: Vec<f32>,
}

#[derive(Serialize)]
struct GeminiRequest<'a> {
    requests: Vec<GeminiEmbed<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GeminiEmbed<'a> {
    model: &'a str,
    content: GeminiContent<'a>,
    task_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<usize>,
}

#[derive(Serialize)]
struct GeminiContent<'a> {
    parts: [GeminiText<'a>; 1],
}

#[derive(Serialize)]
struct GeminiText<'a> {
    text: &'a str,
}

#[derive(Deserialize)]
struct GeminiAnswer {
    embeddings: Vec<GeminiItem>,
}

#[derive(Deserialize)]
struct GeminiItem {
    values: Vec<f32>,
}

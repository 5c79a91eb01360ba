//! What the phone's language leaves in an export: digits, halves of the day, placeholders for media, marks of edits
//! and deletions. Whatever the tables lack stays in the text as it is.

/// A half of the day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// 12 is midnight.
    Morning,
    /// 12 is noon.
    Evening,
    /// From 11 to 1, as Chinese has it.
    Noon,
}

/// The zeros of the scripts that phones write numbers in.
const ZEROS: &[char] =
    &['0', '٠', '۰', '߀', '०', '০', '੦', '૦', '୦', '௦', '౦', '೦', '൦', '๐', '໐', '༠', '၀', '０'];

/// The value of a digit of any of these scripts.
pub(super) fn digit(c: char) -> Option<i16> {
    let code = c as u32;
    ZEROS
        .iter()
        .map(|&zero| code.wrapping_sub(zero as u32))
        .find(|&digit| digit < 10)
        .and_then(|digit| i16::try_from(digit).ok())
}

/// Whether a character only steers the direction of writing.
pub(super) const fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{61c}'
    )
}

const MORNING: &[&str] = &[
    "am",
    "ص",
    "قظ",
    "قبلازظهر",
    "לפנהצ",
    "上午",
    "凌晨",
    "清晨",
    "早上",
    "午前",
    "오전",
    "öö",
    "पूर्वाह्न",
    "πμ",
    "sa",
    "ก่อนเที่ยง",
    "pd",
    "paradite",
    "de",
    "проб",
    "пробед",
    "pg",
    "vm",
    "fm",
    "ap",
    "fh",
    "dop",
    "претпл",
    "prepodne",
    "முற்பகல்",
    "နံနက်",
    "মপূ",
    "मपू",
    "ಪೂರ್ವಾಹ್ನ",
    "ਪੂਦੁ",
    "ጥዋት",
    "পূর্বাহ্ণ",
    "පෙව",
];

const EVENING: &[&str] = &[
    "pm",
    "م",
    "بظ",
    "بعدازظهر",
    "אחהצ",
    "下午",
    "晚上",
    "傍晚",
    "午後",
    "오후",
    "ös",
    "अपराह्न",
    "μμ",
    "ch",
    "หลังเที่ยง",
    "md",
    "pasdite",
    "mbasdite",
    "du",
    "слоб",
    "следоб",
    "ptg",
    "nm",
    "em",
    "ip",
    "eh",
    "odp",
    "попл",
    "popodne",
    "பிற்பகல்",
    "ညနေ",
    "মউ",
    "मउ",
    "ಅಪರಾಹ್ನ",
    "ਬਾਦੁ",
    "ከሰዓት",
    "অপরাহ্ণ",
    "පව",
];

/// The half of the day that a word names: `a. m.`, `PM`, `下午`, `ÖÖ`.
pub(super) fn half(word: &str) -> Option<Half> {
    let plain: String = word
        .chars()
        .filter(|c| !c.is_whitespace() && !is_mark(*c) && !".,،、'\"״׳’日일".contains(*c))
        .flat_map(char::to_lowercase)
        // What the capital İ leaves behind.
        .filter(|&c| c != '\u{307}')
        .collect();
    if MORNING.contains(&plain.as_str()) {
        Some(Half::Morning)
    } else if EVENING.contains(&plain.as_str()) {
        Some(Half::Evening)
    } else {
        (plain == "中午").then_some(Half::Noon)
    }
}

/// Whether text after a clock means nothing: blanks, or a word for the hour.
pub(super) fn is_clock_word(word: &str) -> bool {
    let plain = word.trim_matches(|c: char| c.is_whitespace() || is_mark(c) || c == '.');
    matches!(plain.to_lowercase().as_str(), "" | "uhr" | "h" | "ч" | "น" | "klst")
}

/// Lines that stand for media left out, in lower case and without brackets, and what was left out.
const OMITTED: &[(&str, &str)] = &[
    ("media omitted", ""),
    ("image omitted", "image"),
    ("video omitted", "video"),
    ("video note omitted", "video"),
    ("audio omitted", "audio"),
    ("sticker omitted", "sticker"),
    ("gif omitted", "image"),
    ("document omitted", "document"),
    ("contact card omitted", "contact"),
    ("multimedia omitido", ""),
    ("archivo omitido", ""),
    ("imagen omitida", "image"),
    ("video omitido", "video"),
    ("audio omitido", "audio"),
    ("sticker omitido", "sticker"),
    ("gif omitido", "image"),
    ("documento omitido", "document"),
    ("tarjeta de contacto omitida", "contact"),
    ("medien ausgeschlossen", ""),
    ("medien weggelassen", ""),
    ("bild weggelassen", "image"),
    ("video weggelassen", "video"),
    ("audio weggelassen", "audio"),
    ("sticker weggelassen", "sticker"),
    ("gif weggelassen", "image"),
    ("dokument weggelassen", "document"),
    ("kontaktkarte ausgelassen", "contact"),
    ("médias omis", ""),
    ("fichier omis", ""),
    ("image absente", "image"),
    ("vidéo absente", "video"),
    ("audio omis", "audio"),
    ("sticker omis", "sticker"),
    ("gif retiré", "image"),
    ("document manquant", "document"),
    ("fiche contact retirée", "contact"),
    ("mídia oculta", ""),
    ("mídia omitida", ""),
    ("arquivo de mídia oculto", ""),
    ("ficheiro não revelado", ""),
    ("imagem ocultada", "image"),
    ("vídeo omitido", "video"),
    ("áudio ocultado", "audio"),
    ("figurinha omitida", "sticker"),
    ("gif omitido", "image"),
    ("documento omitido", "document"),
    ("media omessi", ""),
    ("media omesso", ""),
    ("immagine omessa", "image"),
    ("video omesso", "video"),
    ("audio omesso", "audio"),
    ("sticker non incluso", "sticker"),
    ("gif esclusa", "image"),
    ("documento omesso", "document"),
    ("media weggelaten", ""),
    ("afbeelding weggelaten", "image"),
    ("medya dahil edilmedi", ""),
    ("görüntü dahil edilmedi", "image"),
    ("без медиафайлов", ""),
    ("файл пропущен", ""),
    ("изображение отсутствует", "image"),
    ("медіа пропущено", ""),
    ("pominięto multimedia", ""),
    ("media jätettiin pois", ""),
    ("media utelämnat", ""),
    ("media utelatt", ""),
    ("medier udeladt", ""),
    ("मीडिया के बिना", ""),
    ("تم استبعاد الوسائط", ""),
    ("המדיה לא נכללה", ""),
    ("メディアなし", ""),
    ("미디어 파일 제외됨", ""),
    ("忽略多媒體檔", ""),
];

/// What was left out, where `text` is nothing but the placeholder for it; empty where it does not tell.
pub(super) fn omitted(text: &str) -> Option<&'static str> {
    let plain = plain(text);
    let inner = plain.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(&plain);
    let inner = inner.trim();
    if inner == "省略多媒体文件" {
        return Some("");
    }
    OMITTED.iter().find(|(words, _)| *words == inner).map(|(_, kind)| *kind)
}

/// Texts that a deleted message leaves behind, in lower case and without the final stop.
const DELETED: &[&str] = &[
    "this message was deleted",
    "you deleted this message",
    "se eliminó este mensaje",
    "este mensaje fue eliminado",
    "eliminaste este mensaje",
    "diese nachricht wurde gelöscht",
    "du hast diese nachricht gelöscht",
    "ce message a été supprimé",
    "vous avez supprimé ce message",
    "mensagem apagada",
    "esta mensagem foi apagada",
    "você apagou esta mensagem",
    "apagou esta mensagem",
    "questo messaggio è stato eliminato",
    "hai eliminato questo messaggio",
    "dit bericht is verwijderd",
    "je hebt dit bericht verwijderd",
    "bu mesaj silindi",
    "bu mesajı sildiniz",
    "данное сообщение удалено",
    "вы удалили данное сообщение",
    "це повідомлення було видалено",
    "ta wiadomość została usunięta",
    "यह संदेश हटाया गया",
    "यह मैसेज डिलीट किया गया",
    "تم حذف هذه الرسالة",
    "このメッセージは削除されました",
    "삭제된 메시지입니다",
    "此消息已被删除",
    "此消息已删除",
    "此訊息已刪除",
];

/// Whether `text` is what a deleted message leaves behind.
pub(super) fn is_deleted(text: &str) -> bool {
    let plain = plain(text);
    DELETED.contains(&plain.trim_end_matches(['.', '。', '।']))
}

const EDITED: &[&str] = &[
    "this message was edited",
    "se editó este mensaje",
    "este mensaje fue editado",
    "diese nachricht wurde bearbeitet",
    "ce message a été modifié",
    "mensagem editada",
    "esta mensagem foi editada",
    "questo messaggio è stato modificato",
    "dit bericht is bewerkt",
    "bu mesaj düzenlendi",
    "это сообщение изменено",
    "данное сообщение изменено",
    "यह मैसेज एडिट किया गया",
    "ההודעה נערכה",
    "已编辑此消息",
    "此訊息已編輯",
];

/// The text before the mark of an edit at its end.
pub(super) fn before_edit_mark(text: &str) -> Option<&str> {
    let body = text.trim_end().strip_suffix('>')?;
    let (before, inner) = body.rsplit_once('<')?;
    // iOS sets its own words off by a mark that nobody types, whatever the language.
    let own = before.ends_with('\u{200e}') && !inner.contains([':', '\n']);
    let known = EDITED.contains(&plain(inner).as_str());
    let before = before.trim_end_matches(|c: char| is_mark(c) || c.is_whitespace());
    // A message that was edited has text; a placeholder of its own stands alone.
    (known || own && !before.is_empty() && omitted(inner).is_none()).then_some(before)
}

const ATTACHED: &[&str] = &[
    "file attached",
    "archivo adjunto",
    "datei angehängt",
    "fichier joint",
    "file allegato",
    "arquivo anexado",
    "ficheiro anexado",
    "bestand bijgevoegd",
    "dosya ekli",
    "файл добавлен",
    "файл додано",
    "plik dołączony",
    "bifogad fil",
    "फ़ाइल अटैच की गई",
    "الملف مرفق",
    "קובץ מצורף",
    "添付ファイル",
    "파일 첨부됨",
    "文件附件",
];

/// Beginnings of the names that Android gives to media.
const MEDIA_NAMES: &[&str] = &["IMG-", "VID-", "AUD-", "PTT-", "STK-", "DOC-"];

/// The name of the file that a line stands for: `<attached: name>`, `name (file attached)`.
pub(super) fn attached(line: &str) -> Option<&str> {
    if let Some((before, inner)) =
        line.trim_end().strip_suffix('>').and_then(|body| body.rsplit_once('<'))
        && let Some((_, name)) = inner.split_once(':')
    {
        let own = before.is_empty() || before.ends_with('\u{200e}');
        return Some(name.trim()).filter(|name| own && is_file_name(name));
    }
    let (name, words) = line.trim_end().strip_suffix(')')?.rsplit_once(" (")?;
    let marked = name.starts_with('\u{200e}');
    let name = name.trim_start_matches(is_mark);
    let known = marked
        || MEDIA_NAMES.iter().any(|start| name.starts_with(start))
        || ATTACHED.contains(&plain(words).as_str());
    Some(name).filter(|name| known && is_file_name(name))
}

fn is_file_name(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (1..=8).contains(&extension.len())
            && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

fn plain(text: &str) -> String {
    text.trim_matches(|c: char| is_mark(c) || c.is_whitespace()).to_lowercase()
}

/// The type of a file by its name.
pub(super) fn media_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension.to_ascii_lowercase().as_str() {
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "mp4" => "video/mp4",
        "mov" => "video/quicktime",
        "3gp" => "video/3gpp",
        "opus" => "audio/opus",
        "ogg" => "audio/ogg",
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "pdf" => "application/pdf",
        "vcf" => "text/vcard",
        "txt" => "text/plain",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;

//! How hard a password is to guess, as zxcvbn estimates it (Wheeler, USENIX Security 2016).
//!
//! zxcvbn holds the years around the present one for guessable, and reads the clock for that, once.

use vestibule_model::Message;
use zxcvbn::feedback::{Feedback, Suggestion, Warning};

use super::{Person, own};

/// The characters that are looked at. zxcvbn's work grows with the cube of them, to 600 ms at 100;
/// a password whose first 32 are strong enough is.
const SEEN: usize = 32;

/// Why the password is too easy to guess and what would help, if it scores less than `min` (0–4).
pub(super) fn weakness(password: &str, person: &Person<'_>, min: u8) -> Vec<Message> {
    if min == 0 {
        return Vec::new();
    }
    let seen: String = password.chars().take(SEEN).collect();
    let words = own::words(person);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let estimate = zxcvbn::zxcvbn(&seen, &words);
    if u8::from(estimate.score()) >= min.min(4) {
        return Vec::new();
    }
    let feedback = estimate.feedback();
    let why = feedback.and_then(Feedback::warning).map_or("password-guessable", reason);
    let mut keys = vec![why];
    for suggestion in feedback.map(Feedback::suggestions).unwrap_or_default() {
        let hint = hint(*suggestion);
        if !keys.contains(&hint) {
            keys.push(hint);
        }
    }
    if keys.len() == 1 {
        keys.push("password-hint-words");
    }
    keys.into_iter().map(Message::new).collect()
}

const fn reason(warning: Warning) -> &'static str {
    match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess
        | Warning::ShortKeyboardPatternsAreEasyToGuess => "password-guessable-keyboard",
        Warning::RepeatsLikeAaaAreEasyToGuess
        | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => "password-guessable-repeat",
        Warning::ThisIsATop10Password
        | Warning::ThisIsATop100Password
        | Warning::ThisIsACommonPassword
        | Warning::ThisIsSimilarToACommonlyUsedPassword => "password-guessable-similar",
        Warning::SequencesLikeAbcAreEasyToGuess => "password-guessable-sequence",
        Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess => {
            "password-guessable-date"
        }
        Warning::AWordByItselfIsEasyToGuess => "password-guessable-word",
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
        | Warning::CommonNamesAndSurnamesAreEasyToGuess => "password-guessable-name",
    }
}

const fn hint(suggestion: Suggestion) -> &'static str {
    match suggestion {
        Suggestion::UseAFewWordsAvoidCommonPhrases
        | Suggestion::NoNeedForSymbolsDigitsOrUppercaseLetters => "password-hint-words",
        Suggestion::AddAnotherWordOrTwo => "password-hint-more",
        Suggestion::CapitalizationDoesntHelpVeryMuch
        | Suggestion::AllUppercaseIsAlmostAsEasyToGuessAsAllLowercase => "password-hint-capitals",
        Suggestion::ReversedWordsArentMuchHarderToGuess => "password-hint-reversed",
        Suggestion::PredictableSubstitutionsDontHelpVeryMuch => "password-hint-substitutes",
        Suggestion::UseALongerKeyboardPatternWithMoreTurns => "password-hint-keyboard",
        Suggestion::AvoidRepeatedWordsAndCharacters => "password-hint-repeats",
        Suggestion::AvoidSequences => "password-hint-sequences",
        Suggestion::AvoidRecentYears
        | Suggestion::AvoidYearsThatAreAssociatedWithYou
        | Suggestion::AvoidDatesAndYearsThatAreAssociatedWithYou => "password-hint-dates",
    }
}

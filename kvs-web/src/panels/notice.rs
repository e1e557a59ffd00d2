use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct NoticeProps {
    /// The sentence, if there is something to say.
    pub message: Option<AttrValue>,
    pub on_dismiss: Callback<()>,
}

/// One sentence about what went wrong.
#[component]
pub fn Notice(props: &NoticeProps) -> Html {
    let on_dismiss = props.on_dismiss.clone();
    html! {
        <div class="notice-place" role="alert">
            if let Some(message) = &props.message {
                <div class="notice" data-testid="notice">
                    <span>{ message.clone() }</span>
                    <button class="quiet" onclick={move |_| on_dismiss.emit(())}>{ "Dismiss" }</button>
                </div>
            }
        </div>
    }
}

use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub struct MoreProps {
    pub summary: &'static str,
    pub children: Html,
}

/// What stands behind a line, and is made when that line is opened first.
#[component]
pub fn More(props: &MoreProps) -> Html {
    let was_opened = use_state(|| false);
    let ontoggle = {
        let was_opened = was_opened.clone();
        move |_: Event| was_opened.set(true)
    };
    html! {
        <details class="more" {ontoggle}>
            <summary>{ props.summary }</summary>
            if *was_opened { { props.children.clone() } }
        </details>
    }
}

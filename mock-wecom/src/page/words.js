// Every text of the page in both languages: [Chinese, English].
const WORDS = {
  title: ["模拟企业微信", "Mock WeCom"],
  parts: ["页面部分", "Parts of the page"],
  connecting: ["连接中…", "Connecting…"],
  connected: ["已连接", "Connected"],
  reconnecting: ["连接断开，重试中…", "Connection lost, trying again…"],
  failed: ["出错：", "Failed: "],
  done: ["完成", "Done"],
  people: ["人物", "People"],
  chat: ["对话", "Chat"],
  profile: ["资料", "Profile"],
  tasks: ["群发", "Tasks"],
  calls: ["流水", "Calls"],
  faults: ["故障", "Faults"],
  clock: ["时钟", "Clock"],
  customers: ["客户", "Customers"],
  members: ["成员", "Members"],
  groups: ["群", "Groups"],
  robots: ["群机器人", "group robot"],
  customerGroup: ["客户群", "customer group"],
  appChat: ["内部群", "internal group"],
  newName: ["新客户的名字", "Name of a new customer"],
  newGroup: ["新客户群的名字", "Name of a new customer group"],
  newMember: ["新成员的名字", "Name of a new member"],
  create: ["新建", "Create"],
  nobody: ["这里还没有人。", "Nobody here yet."],
  pick: ["先在左边选一个人。", "Choose somebody first."],
  silence: ["还没有消息。", "No messages yet."],
  onlyWatched: ["群里只能旁观；进群、退群在“资料”里。", "Groups can only be watched here; joining and leaving is under Profile."],
  via: ["发给", "To"],
  write: ["以此人身份说…", "Write as this person…"],
  send: ["发送", "Send"],
  enter: ["进入会话", "Open the chat"],
  delivered: ["回调已送达", "The callback was accepted"],
  noReceiver: ["没有登记接收这类回调的地址", "No receiver is set for this kind of callback"],
  pushFailed: ["回调失败：", "The callback failed: "],
  pushPending: ["对方还没应答，流水里会有结果", "No answer yet; see Calls"],
  from_customer: ["客户", "customer"],
  from_member: ["成员", "member"],
  from_servicer: ["接待人员", "servicer"],
  from_bot: ["机器人", "bot"],
  from_system: ["系统", "system"],
  status_failed: ["发送失败", "failed"],
  status_recalled: ["已撤回", "recalled"],
  cardChanged: ["卡片已更新", "The card was updated"],
  submit: ["提交", "Submit"],
  friends: ["跟进的成员", "Followed by"],
  noFriend: ["还没有成员添加这位客户。", "No member follows this customer yet."],
  remark: ["备注", "Remark"],
  description: ["描述", "Description"],
  mobiles: ["电话", "Phones"],
  company: ["公司", "Company"],
  source: ["渠道", "Channel"],
  since: ["添加于", "Since"],
  save: ["保存", "Save"],
  byCustomer: ["客户删除成员", "Customer removes member"],
  byMember: ["成员删除客户", "Member removes customer"],
  addFriend: ["加好友", "Add a friend"],
  scanCode: ["扫渠道码", "Scan a channel code"],
  scan: ["扫码添加", "Scan"],
  noWay: ["还没有渠道码；用 add_contact_way 建一个。", "No channel code yet; make one with add_contact_way."],
  directly: ["直接添加", "Add directly"],
  member: ["成员", "Member"],
  session: ["客服会话", "Customer-service session"],
  noSession: ["这位客户还没有客服会话。", "This customer has no session yet."],
  state0: ["未处理", "not yet taken"],
  state1: ["智能助手接待", "with the bot"],
  state2: ["待接入池排队", "waiting in the pool"],
  state3: ["人工接待", "with a person"],
  state4: ["已结束", "ended"],
  servicer: ["接待人员", "Servicer"],
  budget: ["还可发", "May still send"],
  budgetOf: ["{n} 条，到 {t}", "{n} messages until {t}"],
  take: ["接入", "Take"],
  handOn: ["转接", "Hand on"],
  finish: ["结束", "End"],
  reopen: ["重新接入", "Reopen"],
  inGroups: ["所在的群", "Groups"],
  noGroup: ["不在任何群里。", "In no group."],
  join: ["进群", "Join"],
  leave: ["退群", "Leave"],
  joinCode: ["扫码进群", "Join by code"],
  owner: ["群主", "Owner"],
  notice: ["公告", "Notice"],
  department: ["部门", "Departments"],
  position: ["职务", "Position"],
  hisCustomers: ["名下客户", "Customers"],
  none: ["无", "none"],
  noTasks: ["还没有群发任务；add_msg_template 会建一个。", "No mass-sending task yet; add_msg_template makes one."],
  confirm: ["确认发送", "Confirm"],
  cancelled: ["已停止", "stopped"],
  sentOf: ["已送 {n}/{m}", "{n} of {m} sent"],
  capped: ["超出本月次数 {n}", "{n} over the monthly ceiling"],
  lost: ["已不是好友 {n}", "{n} no longer friends"],
  attachments: ["附件 {n}", "{n} attachments"],
  moments: ["朋友圈", "Moments"],
  publish: ["发表", "Publish"],
  published: ["已发表", "published"],
  show: ["显示", "Show"],
  all: ["全部", "Everything"],
  onlyCalls: ["只看调用", "Calls only"],
  onlyCallbacks: ["只看回调", "Callbacks only"],
  onlyBad: ["只看有问题的", "Problems only"],
  clear: ["清空", "Clear"],
  noCalls: ["还没有调用和回调。", "No calls or callbacks yet."],
  request: ["请求", "Request"],
  response: ["应答", "Response"],
  plain: ["解密后的回调", "Decrypted callback"],
  reply: ["解密后的被动回复", "Decrypted passive reply"],
  notApplied: ["未生效", "not applied"],
  faultPath: ["接口", "Endpoint"],
  faultAction: ["故障", "Fault"],
  faultCode: ["错误码", "errcode"],
  faultStatus: ["HTTP 状态", "HTTP status"],
  faultMs: ["毫秒", "Milliseconds"],
  faultTimes: ["次数", "Times"],
  faultSkip: ["先放过", "Skip"],
  faultAdd: ["注入", "Inject"],
  faultsClear: ["全部撤销", "Remove all"],
  faultsActive: ["生效中的故障", "Faults in force"],
  noFaults: ["没有。", "None."],
  timesLeft: ["还剩 {n} 次", "{n} left"],
  revoke: ["令牌作废", "Revoke tokens"],
  revoked: ["作废了 {n} 个令牌", "{n} tokens revoked"],
  errcode: ["答错误码", "Answer an errcode"],
  errcode_applied: ["生效后答错误码", "Take effect, then answer an errcode"],
  http: ["答 HTTP 错误", "Answer an HTTP status"],
  http_applied: ["生效后答 HTTP 错误", "Take effect, then answer an HTTP status"],
  hang: ["不应答", "Never answer"],
  drop_before: ["生效前断开", "Cut before taking effect"],
  drop_after: ["生效后断开", "Cut after taking effect"],
  delay_ms: ["慢应答", "Answer late"],
  truncate: ["应答截半", "Half of the answer"],
  garble: ["应答乱码", "An answer that is no JSON"],
  switches: ["开关：官方文档没写清的地方", "Switches: what the official pages leave open"],
  clockAt: ["时间", "Time"],
  clockSet: ["调到", "Set"],
  realTime: ["与真实时间一致", "The same as real time"],
  ahead: ["比真实时间快 {t}", "{t} ahead of real time"],
  behind: ["比真实时间慢 {t}", "{t} behind real time"],
  minute: ["1 分钟", "1 min"],
  hour: ["1 小时", "1 h"],
  day: ["1 天", "1 day"],
  month: ["30 天", "30 days"],
  snapshots: ["快照", "Snapshots"],
  snapshotHelp: ["整个状态存成一个文件，之后可以恢复。", "The whole state as a file, to be restored later."],
  snapshotSave: ["保存快照", "Save"],
  snapshotLoad: ["恢复快照", "Restore"],
  restored: ["快照已恢复", "The snapshot was restored"],
  reset: ["回到初始状态", "Back to the start"],
  resetSure: ["丢掉现在的一切，回到初始状态？", "Drop everything and go back to the start?"],
};

const asked = new URLSearchParams(location.search).get("lang");
const kept = () => { try { return localStorage.getItem("mock-wecom-lang"); } catch { return null; } };
let language = [asked, kept(), navigator.language].find(Boolean)?.startsWith("en") ? "en" : "zh";

/// A text in the chosen language; `{n}` takes the value of that name.
export function t(key, values = {}) {
  const pair = WORDS[key];
  if (!pair) return key;
  return pair[language === "en" ? 1 : 0].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const has = key => key in WORDS;
export const locale = () => (language === "en" ? "en-GB" : "zh-CN");

export function toggleLanguage() {
  language = language === "en" ? "zh" : "en";
  try { localStorage.setItem("mock-wecom-lang", language); } catch { /* private windows keep nothing */ }
}

/// Puts the texts into the elements that name them.
export function translatePage() {
  document.documentElement.lang = locale();
  document.title = language === "en" ? "mock-wecom" : "mock-wecom · 模拟企业微信";
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t);
  for (const node of document.querySelectorAll("[data-t-label]")) node.setAttribute("aria-label", t(node.dataset.tLabel));
  for (const node of document.querySelectorAll("[data-t-hint]")) {
    node.placeholder = t(node.dataset.tHint);
    node.setAttribute("aria-label", t(node.dataset.tHint));
  }
  const button = document.getElementById("language");
  button.textContent = language === "en" ? "中文" : "English";
  button.lang = language === "en" ? "zh-CN" : "en";
}
